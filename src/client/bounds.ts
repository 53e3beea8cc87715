import { CodeqError } from "./codeq-error.ts";

/** @throws CodeqError INVALID_ARGUMENT, naming the option, its value and what it may be */
export function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new CodeqError("INVALID_ARGUMENT", `${name} is ${value}: it must be a whole number from ${min} to ${max}`);
}

/** Milliseconds that may also be `Infinity`. @throws CodeqError INVALID_ARGUMENT */
export function duration(name: string, value: number, min: number): number {
  if (value >= min) return value;
  throw new CodeqError("INVALID_ARGUMENT", `${name} is ${value}: it must be at least ${min} ms`);
}
