import { z } from "zod";

/** A map from strings of at most `max` entries. */
export function mapOf<V extends z.ZodType>(value: V, max: number): z.ZodRecord<z.ZodString, V> {
  return z
    .record(z.string(), value)
    .refine((map) => Object.keys(map).length <= max, `Too many: must have at most ${max} items`)
    .meta({ maxProperties: max });
}

/** A list whose items are told apart by one member, so that server-side apply merges them and none comes twice. */
export function listMap<I extends z.ZodObject>(item: I, key: keyof z.output<I> & string, max: number): z.ZodArray<I> {
  return z
    .array(item)
    .max(max)
    .superRefine((items, context) => {
      const seen = new Set<unknown>();
      for (const [index, value] of items.entries()) {
        const id = value[key];
        if (seen.has(id)) {
          context.addIssue({
            code: "custom",
            path: [index],
            message: `Duplicate value: ${JSON.stringify({ [key]: id })}`,
          });
        }
        seen.add(id);
      }
    })
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key] });
}

/** A list without duplicates whose order means nothing. */
export function listSet<I extends z.ZodType>(item: I, max: number): z.ZodArray<I> {
  return z
    .array(item)
    .max(max)
    .superRefine((items, context) => {
      for (const [index, value] of items.entries()) {
        if (items.indexOf(value) < index) {
          context.addIssue({ code: "custom", path: [index], message: `Duplicate value: ${JSON.stringify(value)}` });
        }
      }
    })
    .meta({ "x-kubernetes-list-type": "set" });
}

/** A list that is replaced as a whole. */
export function listOf<I extends z.ZodType>(item: I, max: number): z.ZodArray<I> {
  return z.array(item).max(max).meta({ "x-kubernetes-list-type": "atomic" });
}
