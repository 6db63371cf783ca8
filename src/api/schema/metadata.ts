import { z } from "zod";
import { API_VERSION } from "../constants.ts";
import type { ObjectMeta } from "../meta.ts";
import type { Rule } from "../rule.ts";

const ownerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().exactOptional(),
  blockOwnerDeletion: z.boolean().exactOptional(),
});

/** `metav1.ObjectMeta`, as far as this project reads it. The API server has checked it. */
export const metadataSchema: z.ZodType<ObjectMeta> = z.looseObject({
  name: z.string(),
  namespace: z.string().exactOptional(),
  uid: z.string().exactOptional(),
  generation: z.int().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  creationTimestamp: z.string().exactOptional(),
  deletionTimestamp: z.string().exactOptional(),
  deletionGracePeriodSeconds: z.int().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
  ownerReferences: z.array(ownerReference).exactOptional(),
});

/** The members that every object begins with. Items of a list carry neither `apiVersion` nor `kind`. */
export const objectHeader = {
  apiVersion: z.literal(API_VERSION).exactOptional(),
  metadata: metadataSchema,
};

/** For kinds whose name becomes a Pod's name, its host name and a label value. */
export const nameIsLabel: Rule<{ metadata: ObjectMeta }> = {
  cel: "self.metadata.name.matches(r'^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",
  message:
    "metadata.name must be lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit",
  holds: ({ metadata }) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata.name),
};
