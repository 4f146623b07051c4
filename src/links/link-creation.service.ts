import { Injectable } from '@nestjs/common';
import type { MerchantCaller } from '../api-keys/caller.js';
import { Database } from '../database/database.js';
import { isDuplicate } from '../database/database-errors.js';
import type { Tx } from '../database/tx.js';
import { EventRecord } from '../events/event.entity.js';
import { Problem } from '../http/problem.js';
import { IdempotencyRecord } from '../idempotency/idempotency-record.entity.js';
import type { IdempotentRequest } from '../idempotency/idempotent-request.js';
import { Jobs } from '../jobs/jobs.js';
import { hashOf } from '../secrets/hash.js';
import { SigningSecretsService } from '../signing-secrets/signing-secrets.service.js';
import { ReferenceKey, toReferenceHash } from '../transactions/reference-key.entity.js';
import { LinkDrafts } from './link-drafts.js';
import { LinkLife } from './link-life.js';
import type { CreatePaymentLinkDto } from './payment-link.dto.js';
import { PaymentLink } from './payment-link.entity.js';
import { PaymentLinkData } from './payment-link.response.js';

const CREATED_STATUS = 201;
const MOST_TRIES = 3;

/** A link as it was created, and whether this was the answer to an earlier equal request. */
export interface CreatedLink {
  readonly link: PaymentLink;
  readonly data: PaymentLinkData;
  readonly replayed: boolean;
}

/** A request, and what it would take for ever. */
interface Wish {
  readonly idempotency: (IdempotentRequest & { readonly keyHash: string }) | undefined;
  readonly referenceHash: string;
  readonly reference: string;
}

/** Makes links: once for a reference, once for an Idempotency-Key. */
@Injectable()
export class LinkCreationService {
  constructor(
    private readonly database: Database,
    private readonly drafts: LinkDrafts,
    private readonly life: LinkLife,
    private readonly jobs: Jobs,
    private readonly secrets: SigningSecretsService,
  ) {}

  /** Makes the link, or answers again what was answered before. Throws what the contract refuses. */
  async create(
    caller: MerchantCaller,
    dto: CreatePaymentLinkDto,
    idempotency: IdempotentRequest | undefined,
  ): Promise<CreatedLink> {
    const wish = toWish(caller, dto.reference, idempotency);
    for (let tries = 1; ; tries++) {
      const replay = await this.findReplay(wish);
      if (replay) return replay;
      await this.refuseTaken(wish);
      // The page signs the way back to the shop; made here, so that no visit has to make it.
      const [link] = await Promise.all([this.drafts.make(caller, dto), this.secrets.get(caller)]);
      try {
        await this.database.write((tx) => this.insert(tx, link, wish));
        return { link, data: PaymentLinkData.from(link), replayed: false };
      } catch (error) {
        // Another request took the key or the reference meanwhile. Its rows are committed now, and are found.
        if (!isDuplicate(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  private async insert(tx: Tx, link: PaymentLink, { idempotency, referenceHash }: Wish): Promise<void> {
    if (idempotency) {
      const { keyHash, requestHash } = idempotency;
      const record = {
        keyHash,
        requestHash,
        subjectId: link.id,
        statusCode: CREATED_STATUS,
        createdAt: link.createdAt,
      };
      await tx.insert(IdempotencyRecord, [record]);
    }
    await tx.insert(ReferenceKey, [{ referenceHash, transactionId: link.id }]);
    await this.life.begin(tx, link);
    await this.jobs.add(tx, [{ kind: 'expire_link', subjectId: link.id, runAt: link.expiresAt }]);
  }

  private async findReplay({ idempotency }: Wish): Promise<CreatedLink | undefined> {
    if (!idempotency) return undefined;
    const record = await this.database.read.findOne(IdempotencyRecord, { where: { keyHash: idempotency.keyHash } });
    if (!record) return undefined;
    if (record.requestHash !== idempotency.requestHash) {
      throw new Problem(
        'idempotency_key_reused',
        'This Idempotency-Key was used for another request. Use a new key for a new request, and the same key only to repeat the same one.',
      );
    }
    const [link, created] = await Promise.all([
      this.database.read.findOneOrFail(PaymentLink, { where: { id: record.subjectId } }),
      this.database.read.findOneOrFail(EventRecord, {
        where: { subjectId: record.subjectId, type: 'payment_link.created' },
      }),
    ]);
    return { link, data: created.data as PaymentLinkData, replayed: true };
  }

  private async refuseTaken({ referenceHash, reference }: Wish): Promise<void> {
    const holder = await this.database.read.findOne(ReferenceKey, { where: { referenceHash } });
    if (!holder) return;
    throw new Problem('reference_taken', `You have used the reference ${reference} for a payment link before.`, {
      members: { linkId: holder.transactionId },
      errors: [{ pointer: '/reference', code: 'reference_taken', detail: 'A reference is unique for ever.' }],
    });
  }
}

function toWish(
  { merchantId, mode }: MerchantCaller,
  reference: string,
  idempotency: IdempotentRequest | undefined,
): Wish {
  return {
    idempotency: idempotency && { ...idempotency, keyHash: hashOf('idempotency', merchantId, mode, idempotency.key) },
    referenceHash: toReferenceHash({ merchantId, mode, kind: 'payment_link', reference }),
    reference,
  };
}
