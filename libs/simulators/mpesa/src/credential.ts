import { constants, privateDecrypt } from 'node:crypto';

/*
 * The key pair of this simulator, made for it and published with it: test data, no secret. Safaricom's private keys are
 * known to nobody, so what is meant for the simulator is encrypted with this certificate instead of Safaricom's.
 */

/** The certificate that encrypts an initiator password for this simulator (§7), in PEM. */
export const SIMULATOR_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIDgTCCAmmgAwIBAgIUIrd4gnjy6OdtNGTHhVY0WjY9jW8wDQYJKoZIhvcNAQEL
BQAwTzEjMCEGA1UEAwwaYXBpY3J5cHQuc2ltdWxhdG9yLmV4YW1wbGUxKDAmBgNV
BAoMH1NpbXVsYXRlZCBNLVBlc2EsIG5vdCBTYWZhcmljb20wIBcNMjYxMTIyMTEx
NDAzWhgPMjEyNjEwMjkxMTE0MDNaME8xIzAhBgNVBAMMGmFwaWNyeXB0LnNpbXVs
YXRvci5leGFtcGxlMSgwJgYDVQQKDB9TaW11bGF0ZWQgTS1QZXNhLCBub3QgU2Fm
YXJpY29tMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqsrvtTdduI5I
NV5kyOFErV0iBKW34FR1JHTJf+TN9+x/63GQL19ZmJ1IUH0X2OAgfwx/Yc1Txnjh
250T9+nUICJ8c3WmBrgLCm0fGA9toRPBUhLmFDidCmV11RSSb2/aQAbzZATcIvvW
4YNf2i1HsyXSoh71IAC9Ej224Q5I9vDltWVfYv8rPvKnm9oeuvluKH5Gxqne+1lD
7r72tU0ezWMX/3NpSQnP0g1pTmUQkx+qIs/lJ/QwFb2Ctmi4bVduZdb8QhK+Hz0r
iRS3Nz0jpr90PpsOzdwKLgwby0ZTLTIRw8AmkQK7ecPCBkLtme3p2ppkwQxDT+Lw
rJ8MWoMFiwIDAQABo1MwUTAdBgNVHQ4EFgQUvkuX0LwHPxtBC/bYjlkkzDtrMMUw
HwYDVR0jBBgwFoAUvkuX0LwHPxtBC/bYjlkkzDtrMMUwDwYDVR0TAQH/BAUwAwEB
/zANBgkqhkiG9w0BAQsFAAOCAQEAecKFCR03BWsq2+ImFWWgMjoroUmzW42xHdPC
qawSSTSOdfUnisq5FJUrdugun/peo7h7ugLuaSEhel3PFjf4DfqFPerGvniwKvqs
dfCb6nCnytRgZwOYkuFv0hXBUuabZlYSk1sM1XOGWoad8Seghmwx8kPycQHPRhO8
CZYHJJnQrO+udI8KgE9AZRMp+FWHvalEB+MQ0FwBL5BMEQv3mrvESwybX+QGVR5i
7EiDIn801xW49IplH1DzUH+puXptIqp7YB1zTV/oWqS8XFjq9KYtd8uC7Nm6TjmT
76UqfspgbqAQa6y/O8MijBSKiyMwaA7Q8k3oXIl0QeDqp4pQFQ==
-----END CERTIFICATE-----
`;

const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCqyu+1N124jkg1
XmTI4UStXSIEpbfgVHUkdMl/5M337H/rcZAvX1mYnUhQfRfY4CB/DH9hzVPGeOHb
nRP36dQgInxzdaYGuAsKbR8YD22hE8FSEuYUOJ0KZXXVFJJvb9pABvNkBNwi+9bh
g1/aLUezJdKiHvUgAL0SPbbhDkj28OW1ZV9i/ys+8qeb2h66+W4ofkbGqd77WUPu
vva1TR7NYxf/c2lJCc/SDWlOZRCTH6oiz+Un9DAVvYK2aLhtV25l1vxCEr4fPSuJ
FLc3PSOmv3Q+mw7N3AouDBvLRlMtMhHDwCaRArt5w8IGQu2Z7enammTBDENP4vCs
nwxagwWLAgMBAAECggEAFa10olVuKv69fISdbypkcJ/5sYmlHoR/FSBQ86TYsvyM
ueyr5noINwjThQpzlz558WuRKW/fD7myamZJWAs7i36aZCniZ5zpeH/O1Vtz8zYS
MKF0cXbuu8M9TaJy+aZClyOAC0mwn9duIn5tu+qeXJx9hmqT0JA3bz7FB6isAHzw
B7b8+88QO4+qEopKg1hZErqtB+RNh7Xe7u69vV0GLZGbJB8EdELe043Wp15gDSj2
+jWF3TfTwITJiT8/lU6FYNwYZn4/s4n9H4Ud9STiJyOALVA43vyYShujpeeLyIUM
wH070DbbZaYLMNqLCGAJWrKbFGHeD3wkeVgtBCbbvQKBgQDioFqPhStx7Zp/qdmQ
ZfgzjRv6D630le2eVDM4tcK7xeh+14njq8F3KrN7NxGZoIaaO+g83JlaVK1SpU0s
zO/SsqyqZ+BAj4W9cgk7eRH2uWFEa1VVH26gPA3JqLfK3ZeW1kdl4wtGw6LZJFAx
cuktz1ugPf/0CTd1eML5VKP6lwKBgQDA7foFzsawYOzh033w4gZXG7pJENRYXmQn
VKSeiWoDqri1Q0cHA4lCrpVt11JAXtTdrjCZc/FHgH0jZsTdaDG6phi5Jjg6tlBl
sBoaSFZa+PsrsQ7DkcVWaWLT0ZGf8zVvJkOeas2Q+qH1XY2Gw4CLZS3WYLQkrnSp
AgioW8vvLQKBgFKoB7+243yfG62aZnbLKjarLdwLoffGQy9vKGtzp73S1hSFSo6W
U27CTUoQcMPmj5Frbi3ci7YtkjXFgptnd8USU/WnA1yovC+3ivR9GPcy7+4Dc9Ej
MLcSkDjP55D/N03Vg57+q1s4+YlXPER8091YduPAGT2JqweWbw5/N3urAoGAKvQQ
yUA7LkO2GaUbkgjQfo5W0DOmAzKou7T1nbJcXwqgawLaim44Hhd+f2EEF/7FB8Hj
YhbVLiUmNz6HMAAlqjeWo4ol1LSIe8tUVGushj6OtTCLZ/FJbS6zaRNsh57/U4rC
XT/MGq4iZt14R/u439Ab/3GyScRphsNEKC+f3NUCgYBCYI37kbmu16eHJjmnxH1l
hADdz2o9EwTzEXP0gH36Y91LjtKwbRKsRR9wKjEu6AjGNiQY7it9RBHH/NFyKRig
roZraC9z4z18gpQ2EPAIRl3OuwFSZpcyCzRCH8AGT/RhEca4PAyzijdEU/5xO7gC
X8KDTjuctRXT6YXLM08Bew==
-----END PRIVATE KEY-----
`;

/**
 * The password inside a SecurityCredential, or undefined where it is none: not base64, another key, another padding.
 * The padding (PKCS#1 v1.5: 00 02, eight or more bytes that are not 0, 00, the text) is taken off by hand, for Node 20
 * refuses to (CVE-2023-46809).
 */
export function readSecurityCredential(credential: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credential)) return undefined;
  try {
    const block = privateDecrypt(
      { key: PRIVATE_KEY, padding: constants.RSA_NO_PADDING },
      Buffer.from(credential, 'base64'),
    );
    const end = block.indexOf(0, 2);
    if (block[0] !== 0 || block[1] !== 2 || end < 10) return undefined;
    return block.subarray(end + 1).toString('utf8');
  } catch {
    return undefined; // Not as long as the key, or larger than its modulus.
  }
}
