import * as vm from 'node:vm';
import { startMpesaSimulator, type MpesaSimulator } from './index.js';
import { call, type HttpAnswer } from './spec-support.js';

let simulator: MpesaSimulator;
beforeAll(async () => {
  simulator = await startMpesaSimulator();
});
afterAll(() => simulator.close());
const get = (path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> =>
  call(`${simulator.baseUrl}${path}`, { headers });

it('shows browsers the way from the root, and answers 404 to everybody else as Daraja does', async () => {
  const browser = await get('/', { Accept: 'text/html,*/*' });
  expect([browser.status, browser.headers.get('location')]).toEqual([302, '/phones']);
  expect((await get('/')).status).toBe(404);
});

it.each([
  ['/phones', {}, 'en', 'Simulated. No real money'],
  ['/phones?lang=fr', {}, 'fr', 'Simulation. Aucun argent réel'],
  ['/phones', { 'Accept-Language': 'fr-FR,fr;q=0.9' }, 'fr', 'Simulation. Aucun argent réel'],
  ['/phones?lang=en', { 'Accept-Language': 'fr' }, 'en', 'Simulated. No real money'],
])('speaks its language and says that it is simulated: %s %j', async (path, headers, language, words) => {
  const page = await get(path, headers);
  expect(page.text).toContain(`<html lang="${language}">`);
  expect(page.text).toContain(words);
});

it('runs nothing but its own files', async () => {
  for (const path of ['/phones', '/phones/app.js', '/phones/style.css']) {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
  }
  const page = await get('/phones');
  expect(page.text).not.toMatch(/<script(?! src="\/phones\/app\.js")|<style| style=| on\w+=|https?:\/\//);
});

it('has the same texts in both languages, and its script is a script', async () => {
  const script = (await get('/phones/app.js')).text;
  expect(() => new vm.Script(script)).not.toThrow();
  const table = /var TEXTS = (\{[\s\S]*?\n {2}\});/.exec(script)?.[1] ?? '';
  const texts = vm.runInNewContext(`(${table})`) as { en: object; fr: object };
  expect(Object.keys(texts.fr)).toEqual(Object.keys(texts.en));
  expect(Object.keys(texts.en).length).toBeGreaterThan(15);
});
