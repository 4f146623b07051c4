import { createHmac, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { RandomBytes } from '#libs/primitives';
import { RANDOM, SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';

const RANDOM_BYTES = 12;

/**
 * Marks of the forms that we hand out, each for one link and one attempt. Nothing is stored for them: a visit writes nothing,
 * and a mark that we never made does not carry our signature.
 */
@Injectable()
export class LinkNonces {
  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(RANDOM) private readonly random: RandomBytes,
  ) {}

  make(linkId: string): string {
    const mark = this.random(RANDOM_BYTES).toString('base64url');
    return `${mark}.${this.sign(linkId, mark)}`;
  }

  /** Whether we made it, for this link. */
  isOurs(linkId: string, nonce: string): boolean {
    const [mark = '', signature = ''] = nonce.split('.');
    const given = Buffer.from(signature);
    const expected = Buffer.from(this.sign(linkId, mark));
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  private sign(linkId: string, mark: string): string {
    return createHmac('sha256', this.settings.secretKeys.current)
      .update(JSON.stringify(['payment link form', linkId, mark]))
      .digest('base64url')
      .slice(0, 22);
  }
}
