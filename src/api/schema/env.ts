import { z } from "zod";
import { atMostOneOf, exactlyOneOf, matches, withRules } from "../rule.ts";
import { listMap, listOf } from "./collection.ts";
import { dataKey, objectName } from "./name.ts";
import { quantity } from "./quantity.ts";
import { isText, notText } from "./text.ts";

/** The name of an environment variable, as every supported Kubernetes accepts it. */
export const envName = withRules(
  z.string().min(1).max(253),
  matches(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, "must be letters, digits, '_', '-' and '.', not beginning with a digit"),
);

/** Variables and their values, as programs are given them. */
export const environmentSchema = z.record(envName, z.string().max(131_072).refine(isText, notText));

const keySelector = z.strictObject({
  name: objectName.describe("The object's name."),
  key: dataKey.describe("The entry in it."),
  optional: z.boolean().exactOptional().describe("Whether it may be missing."),
});

const fieldSelector = z.strictObject({
  apiVersion: z.string().max(253).exactOptional().describe("Version of the schema that fieldPath is written in; v1."),
  fieldPath: z.string().min(1).max(1024).describe("A field of the Pod, such as status.podIP."),
});

const resourceFieldSelector = z.strictObject({
  containerName: z.string().max(63).exactOptional().describe("The container; the sandbox's own by default."),
  resource: z.string().min(1).max(253).describe("Such as limits.memory."),
  divisor: quantity.exactOptional().describe("The unit of the result; 1 by default."),
});

const envSource = withRules(
  z.strictObject({
    secretKeyRef: keySelector.exactOptional().describe("An entry of a Secret in the namespace."),
    configMapKeyRef: keySelector.exactOptional().describe("An entry of a ConfigMap in the namespace."),
    fieldRef: fieldSelector.exactOptional().describe("A field of the Pod."),
    resourceFieldRef: resourceFieldSelector.exactOptional().describe("A request or limit of the container."),
  }),
  exactlyOneOf("secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef"),
);

const envVar = withRules(
  z.strictObject({
    name: envName.describe("The variable's name."),
    value: z.string().max(131_072).exactOptional().describe("Its value; $(OTHER) is expanded as in a container."),
    valueFrom: envSource.exactOptional().describe("Where its value comes from."),
  }),
  atMostOneOf("value", "valueFrom"),
);

const sourceReference = z.strictObject({
  name: objectName.describe("The object's name."),
  optional: z.boolean().exactOptional().describe("Whether it may be missing."),
});

const envFromSource = withRules(
  z.strictObject({
    prefix: z.string().max(253).exactOptional().describe("Put before every name."),
    secretRef: sourceReference.exactOptional().describe("All entries of a Secret in the namespace."),
    configMapRef: sourceReference.exactOptional().describe("All entries of a ConfigMap in the namespace."),
  }),
  exactlyOneOf("secretRef", "configMapRef"),
);

/** Environment variables, as in a container; no name twice. */
export const envSchema = listMap(envVar, "name", 256);

/** Sets of environment variables, as in a container. */
export const envFromSchema = listOf(envFromSource, 64);
