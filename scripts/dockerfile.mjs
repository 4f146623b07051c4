// Replays a Dockerfile on this machine: each stage is a folder, each RUN a shell command in it. No engine is needed, and
// none of its isolation is there: the base image, layers and the network stay unproven.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

/**
 * Answers the last stage: `{ root, workdir, env, user, healthcheck, command }`, where `root` is the folder that stands for
 * `/`. Throws at an instruction that it does not know, and where a RUN fails.
 */
export function replayDockerfile({ context, scratch, owner }) {
  const ignored = readIgnoreFile(join(context, '.dockerignore'));
  const stages = new Map();
  let stage;
  for (const { word, rest } of readInstructions(readFileSync(join(context, 'Dockerfile'), 'utf8'))) {
    console.log(`  ${word} ${rest.length > 100 ? `${rest.slice(0, 100)}…` : rest}`);
    if (word === 'FROM') {
      const name = / AS (\S+)$/i.exec(rest)?.[1] ?? `stage-${stages.size}`;
      stage = { root: join(scratch, name), workdir: '/', env: {}, user: 'root', healthcheck: [], command: [] };
      mkdirSync(stage.root);
      stages.set(name, stage);
    } else apply(stage, word, rest, { context, ignored, stages, owner });
  }
  return stage;
}

function apply(stage, word, rest, { context, ignored, stages, owner }) {
  const inside = (path) => join(stage.root, posix.resolve(stage.workdir, path));
  switch (word) {
    case 'WORKDIR':
      stage.workdir = posix.resolve(stage.workdir, rest);
      mkdirSync(inside('.'), { recursive: true });
      break;
    case 'ENV':
    case 'ARG':
      Object.assign(stage.env, readPairs(rest));
      break;
    case 'COPY':
      copy(rest, { inside, context, ignored, stages });
      break;
    case 'RUN':
      run(rest, stage, owner);
      break;
    case 'USER':
      stage.user = rest;
      break;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(rest.slice(rest.indexOf('[')));
      break;
    case 'CMD':
      stage.command = JSON.parse(rest);
      break;
    case 'LABEL':
    case 'EXPOSE':
    case 'VOLUME':
      break;
    default:
      throw new Error(`scripts/dockerfile.mjs does not know ${word}: teach it, or do without.`);
  }
}

function copy(rest, { inside, context, ignored, stages }) {
  const words = rest.split(/\s+/);
  const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)) : undefined;
  const target = words.pop();
  for (const source of words) {
    const origin = join(from?.root ?? context, source);
    // A folder's contents go into the target; files go into it by name where it ends with a slash.
    const isFolder = statSync(origin).isDirectory();
    const into = isFolder || !target.endsWith('/') ? inside(target) : join(inside(target), posix.basename(source));
    cpSync(origin, into, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => from !== undefined || path === context || !ignored(path.slice(context.length + 1)),
    });
  }
}

/** Absolute paths of the command become paths of the stage, and the image's own user the one that the caller names. */
function run(command, { root, workdir, env }, owner) {
  const text = command.replaceAll('node:node', owner).replace(/(^|\s)\/(?=\w)/g, `$1${root}/`);
  const { status } = spawnSync('/bin/sh', ['-ec', text], {
    cwd: join(root, workdir),
    env: { ...usualEnvironment(), ...env },
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`RUN ${command} ended with ${status}.`);
}

/** What every process finds around it; npm's own settings, because a registry may need them. */
function usualEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => /^(PATH|HOME|TMPDIR|npm_config_(?!_).*)$/i.test(name));
  return Object.fromEntries(kept);
}

function readInstructions(text) {
  const lines = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, ' ').split('\n'); // prettier-ignore
  return lines
    .map((line) => /^(\w+)\s+(.+?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, word, rest]) => ({ word: word.toUpperCase(), rest }));
}

function readPairs(text) {
  const pairs = [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S*))/g)];
  return Object.fromEntries(pairs.map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}

/** Whether a path of the context stays out: the last rule that names it, or a folder above it, decides. */
function readIgnoreFile(file) {
  const rules = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }));
  return (path) => rules.reduce((out, { keeps, pattern }) => (pattern.test(path) ? !keeps : out), false);
}

function toPattern(glob) {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const body = escaped.replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
  return new RegExp(`^${body}(?:/.*)?$`);
}

/** Every file below a folder, as paths from it. */
export function listFiles(folder) {
  return readdirSync(folder, { recursive: true }).map(String);
}
