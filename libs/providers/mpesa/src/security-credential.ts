import { constants, publicEncrypt } from 'node:crypto';

/**
 * The initiator's password as Daraja wants it: its UTF-8 bytes encrypted with the certificate's RSA key, PKCS#1 v1.5
 * padding, in base64 (§7). Differs each time; one may be used for many calls.
 */
export function toSecurityCredential(password: string, certificate: string): string {
  const key = { key: certificate, padding: constants.RSA_PKCS1_PADDING };
  return publicEncrypt(key, Buffer.from(password, 'utf8')).toString('base64');
}
