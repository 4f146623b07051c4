import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator';

/** Makes the object that the validation pipe would make, or undefined: then the pipe must look itself. */
export type QuickReader = (value: unknown) => object | undefined;

/** A class whose instances are made by their decorators alone. */
type DtoClass = new () => object;

/** One rule of one property, as class-validator keeps it. */
interface Rule {
  readonly validator: ValidatorConstraintInterface;
  readonly constraints: unknown[];
}

interface PropertyPlan {
  readonly name: string;
  /** All must hold, or the property is not looked at. */
  readonly conditions: readonly ((object: object, value: unknown) => boolean)[];
  readonly rules: readonly Rule[];
  /** Where it is an object of a class of its own. */
  readonly nested: QuickReader | undefined;
}

const PLAIN_TO_CLASS = 0;

/**
 * Compiles the decorators of a DTO class into a reader for the hot path, where looking them up again for each request costs
 * more than everything else that the server does.
 *
 * It calls the very functions that the decorators registered, and it only ever says yes: whatever does not pass, and
 * whatever it does not know, goes to the pipe, which says what is wrong or takes it after all. So there is no second source
 * of rules and no second wording; what must hold is that this never takes what the pipe would refuse. Answers undefined
 * where the class uses a feature that is not compiled.
 */
export function compileDto(dto: DtoClass): QuickReader | undefined {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  const plans = new Map<string, PropertyPlan>();
  for (const [name, ofProperty] of Object.entries(getMetadataStorage().groupByPropertyName(rules))) {
    const plan = compileProperty(dto, name, ofProperty);
    if (!plan) return undefined;
    plans.set(name, plan);
  }
  // Without a rule the pipe refuses everything; with a strategy class-transformer hides properties.
  if (plans.size === 0 || defaultMetadataStorage.getStrategy(dto) !== 'none') return undefined;
  const inOrder = [...plans.values()];
  return (value) => {
    if (!isPlain(value)) return undefined;
    const object = new dto() as Record<string, unknown>;
    for (const name of Object.keys(value)) {
      const plan = plans.get(name);
      if (!plan) return undefined;
      const given = value[name];
      if (plan.nested && given !== undefined) {
        const nested = plan.nested(given);
        if (!nested) return undefined;
        object[name] = nested;
      } else if (!isCopied(given)) return undefined;
      else object[name] = given;
    }
    return inOrder.every((plan) => holds(dto, plan, object)) ? object : undefined;
  };
}

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

function compileProperty(dto: DtoClass, name: string, all: readonly Metadata[]): PropertyPlan | undefined {
  const conditions: PropertyPlan['conditions'][number][] = [];
  const rules: Rule[] = [];
  let isNested = false;
  for (const metadata of all) {
    if (metadata.each || isGrouped(metadata) || metadata.validateIf) return undefined;
    switch (metadata.type) {
      case ValidationTypes.CONDITIONAL_VALIDATION:
        conditions.push((metadata.constraints as PropertyPlan['conditions'])[0] ?? (() => false));
        break;
      case ValidationTypes.NESTED_VALIDATION:
        isNested = true;
        break;
      case ValidationTypes.IS_DEFINED:
      case ValidationTypes.CUSTOM_VALIDATION:
        for (const { instance, async } of getMetadataStorage().getTargetValidatorConstraints(metadata.constraintCls)) {
          if (async) return undefined;
          rules.push({ validator: instance, constraints: metadata.constraints });
        }
        break;
      default:
        return undefined;
    }
  }
  const nested = isNested ? compileNested(dto, name) : undefined;
  if (isTransformed(dto, name, isNested) || (isNested && !nested)) return undefined;
  return { name, conditions, rules, nested };
}

// Its type says that there is always a list; some decorators leave it out.
function isGrouped({ groups }: { readonly groups?: readonly unknown[] }): boolean {
  return (groups?.length ?? 0) > 0;
}

function compileNested(dto: DtoClass, name: string): QuickReader | undefined {
  const type = defaultMetadataStorage.findTypeMetadata(dto, name);
  if (!type?.typeFunction || type.options?.discriminator !== undefined) return undefined;
  const nested: unknown = type.typeFunction();
  return typeof nested === 'function' ? compileDto(nested as DtoClass) : undefined;
}

/** Whether class-transformer would give the property another name, value or type. */
function isTransformed(dto: DtoClass, name: string, isNested: boolean): boolean {
  return (
    (!isNested && defaultMetadataStorage.findTypeMetadata(dto, name) !== undefined) ||
    defaultMetadataStorage.findTransformMetadatas(dto, name, PLAIN_TO_CLASS).length > 0 ||
    defaultMetadataStorage.findExposeMetadata(dto, name) !== undefined ||
    defaultMetadataStorage.findExcludeMetadata(dto, name) !== undefined
  );
}

function holds(dto: DtoClass, { name, conditions, rules }: PropertyPlan, object: Record<string, unknown>): boolean {
  const value = object[name];
  for (const condition of conditions) if (!condition(object, value)) return true;
  for (const { validator, constraints } of rules) {
    const verdict = validator.validate(value, { targetName: dto.name, property: name, object, value, constraints });
    // A promise is no yes.
    if (verdict !== true) return false;
  }
  return true;
}

/** What class-transformer copies as it is: no list, no other class, no name that it leaves out, on any level. */
function isCopied(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (!isPlain(value)) return false;
  for (const name of Object.keys(value)) {
    if (name in Object.prototype || !isCopied(value[name])) return false;
  }
  return true;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
