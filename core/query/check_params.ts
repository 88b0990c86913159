/** Parameter declarations. */
import { didYouMean } from "../base/suggest.ts";
import { type Scalar, SCALARS, type ValueType } from "../schema/value_type.ts";
import type { ParamSyntax, ParamTypeSyntax } from "./ast.ts";
import { scalarType } from "./literal.ts";
import type { Problems } from "./problems.ts";
import { fail } from "./type_failure.ts";
import type { Param } from "./typed.ts";

/** The widest vector. */
const DIMENSIONS_MAX = 2_147_483_647n;
/** `$_` is the anonymous variable; the other name is kept for the request's instant. */
const RESERVED: ReadonlySet<string> = new Set(["__nanograph_now", "_"]);

/** The declared parameters by name, in declaration order. */
export function checkParams(declarations: readonly ParamSyntax[], problems: Problems): Map<string, Param> {
  const params = new Map<string, Param>();
  for (const declaration of declarations) {
    const { name } = declaration;
    const param = problems.attempt(() => checkParam(declaration, params));
    if (param !== null) params.set(name.text, param);
    else if (!params.has(name.text)) problems.breakNames(`$${name.text}`);
  }
  return params;
}

function checkParam({ name, type, nullable }: ParamSyntax, params: ReadonlyMap<string, Param>): Param {
  if (RESERVED.has(name.text)) {
    fail(null, `reserved parameter name \`$${name.text}\``, name, "choose another name");
  }
  if (params.has(name.text)) {
    fail(null, `duplicate parameter \`$${name.text}\``, name, "every parameter needs a name of its own");
  }
  return { name: name.text, type: paramType(type), nullable };
}

function paramType(type: ParamTypeSyntax): ValueType {
  if (type.kind === "vector") {
    if (type.width < 1n || type.width > DIMENSIONS_MAX) {
      fail(
        null,
        `unknown parameter type \`Vector(${type.width})\`: the width is 1 to ${DIMENSIONS_MAX}`,
        type,
      );
    }
    return { kind: "vector", dimensions: Number(type.width) };
  }
  const scalar = scalarNamed(type.scalar.text);
  if (scalar === null) {
    const help = () =>
      didYouMean(type.scalar.text, SCALARS) ?? `the types are ${SCALARS.join(", ")} and Vector(n)`;
    return fail(null, `unknown parameter type \`${type.scalar.text}\``, type.scalar, help);
  }
  return type.kind === "list" ? { kind: "list", item: scalar } : scalarType(scalar);
}

function scalarNamed(name: string): Scalar | null {
  return SCALARS.find((scalar) => scalar === name) ?? null;
}
