import { ValidateIf } from 'class-validator';

/** A field that may be left out, but is no field that `null` could clear. (`IsOptional` lets null through.) */
export const IfGiven = (): PropertyDecorator => ValidateIf((_, value: unknown) => value !== undefined);
