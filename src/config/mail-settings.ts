import ipaddr from 'ipaddr.js';

/** The mail server that e-mails are handed to. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (`smtps:`). */
  readonly secure: boolean;
  /** Refuses a server that does not offer STARTTLS. */
  readonly requireTls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The address that all mails come from; who they are from, as people read it, each merchant says. */
  readonly from: string;
}

/** As the environment has them. */
interface MailVariables {
  readonly url: string | undefined;
  readonly from: string | undefined;
}

const ADDRESS = /^[^\s@<>"(),:;[\]\\]+@[^\s@<>"(),:;[\]\\]+$/;

/** Reads `SMTP_URL` and `MALIPO_MAIL_FROM`. Undefined where no mail is sent; what is wrong goes to `faults`. */
export function readSmtp(
  { url: text = '', from = '' }: MailVariables,
  production: boolean,
  faults: string[],
): SmtpSettings | undefined {
  if (from !== '' && !ADDRESS.test(from)) {
    faults.push('MALIPO_MAIL_FROM must be a bare address such as payments@example.com.');
  }
  if (text === '') return undefined;
  if (from === '') faults.push('MALIPO_MAIL_FROM is required with SMTP_URL: the address that mails come from.');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The address may hold a password, so a fault does not repeat it.
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || !isBare(url)) {
    faults.push('SMTP_URL must be smtp://user:password@host:port, or smtps://… for TLS from the first byte.');
    return undefined;
  }
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const user = decode(url.username, faults);
  const password = decode(url.password, faults);
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    // What is said to a server on this machine, nobody else hears.
    requireTls: production && !secure && !isLoopback(host),
    user: user === '' ? undefined : user,
    password: user === '' ? undefined : password,
    from,
  };
}

function isBare({ pathname, search, hash }: URL): boolean {
  return (pathname === '' || pathname === '/') && search === '' && hash === '';
}

function decode(text: string, faults: string[]): string {
  try {
    return decodeURIComponent(text);
  } catch {
    faults.push('SMTP_URL: user and password must be percent-encoded.');
    return '';
  }
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return ipaddr.isValid(host) && ipaddr.parse(host).range() === 'loopback';
}
