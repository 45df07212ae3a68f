import type { z } from "@hono/zod-openapi";
import { fieldError } from "../../../devices/model/errors.ts";
import type { Package } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { parseProductId } from "../../../protocols/csp/product-id.ts";
import type { PackageFieldsSchema } from "../schemas/policy.ts";

type Fields = z.output<typeof PackageFieldsSchema>;

/**
 * What is said about a package, as it is kept.
 *
 * @throws AppError "unprocessable"
 */
export function checkedPackage(
  { id, ...given }: Fields & { readonly id: string },
  policy: Policy,
): Fields {
  const fields = checked(given);
  checkProduct({ id, ...fields }, policy);
  return fields;
}

/** A device can have a product once, so that two packages of it would only take turns. */
function checkProduct(
  wanted: Pick<Package, "productId" | "platform"> & { id: string },
  policy: Policy,
) {
  const other = otherOfProduct(wanted, policy);
  if (other) {
    throw fieldError(
      "/productId",
      `the package ${other.id} is this product: make a revision of it`,
    );
  }
}

/** A package of the same product under another id. */
export function otherOfProduct(
  { id, productId, platform }: Pick<Package, "productId" | "platform"> & { readonly id: string },
  policy: Policy,
): Package | undefined {
  if (productId === null) return undefined;
  return [...policy.packages.values()].find(
    (one) => one.id !== id && one.productId === productId && one.platform === platform,
  );
}

/** A product's GUID is kept in one spelling: braces and upper case. */
function checked(fields: Fields) {
  if (fields.productId === null) return fields;
  const productId = fields.platform === "Windows" ? parseProductId(fields.productId) : undefined;
  if (productId !== undefined) return { ...fields, productId };
  throw fieldError(
    "/productId",
    fields.platform === "Windows"
      ? "a GUID, such as {B316008A-141D-4A79-810F-8B764C4CFDFB}"
      : "only Windows packages have one",
  );
}
