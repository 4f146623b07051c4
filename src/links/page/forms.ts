import { Injectable } from '@nestjs/common';
import { isEmail } from 'class-validator';
import { findCallingCode, Msisdn } from '#libs/primitives';
import { OPERATOR_PREFIXES } from '../../methods/operator-prefixes.js';
import type { MethodPredictionResponse, MethodResponse } from '../../methods/method.dto.js';
import { LinkMethods } from '../link-methods.js';
import { LinkNonces } from '../link-nonces.js';
import type { LinkCustomer, PaymentLink } from '../payment-link.entity.js';
import { toBrand, toMethodName } from './method-names.js';
import type { FaultView, FormView, MethodOption } from './view.js';
import type { Visit } from './visits.js';
import type { ExtraField } from './words.js';

const EXTRA_FIELDS: readonly ExtraField[] = [
  ...(['firstName', 'lastName', 'name', 'email', 'address', 'city', 'state', 'postalCode'] as const),
];

/** A form as it came back. */
export interface Typed {
  readonly nonce: string;
  readonly method: string;
  readonly phone: string;
  /** By field; text that is no good for its field is as if it were not there. */
  readonly extra: Partial<Record<ExtraField, string>>;
  /** What the method was found to need beside a phone. */
  readonly needed?: readonly string[];
}

/** Makes the form to pay with, and reads it. */
@Injectable()
export class Forms {
  constructor(
    private readonly methods: LinkMethods,
    private readonly nonces: LinkNonces,
  ) {}

  /** The form, filled with what is known: the methods that probably fit first, then those of the visitor's country. */
  async make({ link, regions }: Pick<Visit, 'link' | 'regions'>, typed?: Typed, fault?: FaultView): Promise<FormView> {
    const methods = await this.methods.find(link);
    const near = findHome(methods, regions);
    const phone = toPhone(typed?.phone, near) ?? toPhone(link.customer?.phone, near);
    const predicted = phone && (await this.methods.predict(link, phone.e164));
    const options = methods.map((method) => toOption(method, predicted));
    const home = findHome(methods, [phone?.country ?? '', ...regions]);
    const knownPhone = link.customer?.phone === undefined ? undefined : Msisdn.parse(link.customer.phone)?.masked;
    const asked = EXTRA_FIELDS.filter((name) => typed?.needed?.includes(name) || typed?.extra[name] !== undefined);
    return {
      nonce: this.nonces.make(link.id),
      // The stable sort keeps the healthy ones in front.
      methods: options.sort((a, b) => rank(a, home) - rank(b, home) || compare(a.country, b.country)),
      method: typed?.method,
      phone: typed?.phone ?? '',
      knownPhone,
      isHosted: link.execution === 'delegated',
      extra: asked.map((name) => ({ name, value: typed?.extra[name] ?? '' })),
      fault,
    };
  }

  /** Reads what a browser sent; undefined where the form is not one of ours for this link. */
  read(link: PaymentLink, fields: Readonly<Record<string, string>>): Typed | undefined {
    const { nonce = '', method = '', phone = '' } = fields;
    if (!this.nonces.isOurs(link.id, nonce)) return undefined;
    return { nonce, ...readAnswers(method, phone, fields) };
  }
}

/** What was typed, without the mark of the form. */
export function readAnswers(
  method: string,
  phone: string,
  fields: Readonly<Record<string, string>>,
): Pick<Typed, 'method' | 'phone' | 'extra'> {
  const extra: Partial<Record<ExtraField, string>> = {};
  for (const name of EXTRA_FIELDS) {
    const text = fields[name]?.trim() ?? '';
    if (isFit(name, text)) extra[name] = text;
  }
  return { method: method.slice(0, 40), phone: phone.slice(0, 32), extra };
}

/** As a part of the customer that the collection names. */
export function toCustomer({ extra }: Pick<Typed, 'extra'>): LinkCustomer {
  return { ...extra };
}

function isFit(name: ExtraField, text: string): boolean {
  if (text === '' || text.length > 100 || /[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return false;
  return name !== 'email' || isEmail(text);
}

/** A number as it is typed: with its country's code, or as people write it where the visitor probably is. */
function toPhone(text: string | undefined, country: string | undefined): Msisdn | undefined {
  return text === undefined || text === '' ? undefined : Msisdn.parse(text, country);
}

/** The country whose methods are offered first: the first of the hints, or else the one with the most methods. */
function findHome(methods: readonly MethodResponse[], hints: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { country } of methods) counts.set(country, (counts.get(country) ?? 0) + 1);
  return hints.find((hint) => counts.has(hint)) ?? [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function rank({ isSuggested, reaches, country }: MethodOption, home: string | undefined): number {
  if (isSuggested) return 0;
  if (reaches) return 1;
  return country === home ? 2 : 3;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function toOption(
  { code, operator, country, health }: MethodResponse,
  predicted: MethodPredictionResponse | undefined,
): MethodOption {
  const reaches = predicted?.methods.includes(code) === true;
  return {
    code,
    name: toMethodName(code, operator),
    brand: toBrand(code),
    country,
    isTroubled: health !== 'operational',
    reaches,
    isSuggested: reaches && predicted.operator === operator,
    prefixes: OPERATOR_PREFIXES[country]?.[operator] ?? [],
    callingCode: findCallingCode(country) ?? '',
  };
}
