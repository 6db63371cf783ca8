import { z } from "zod";
import { matches, withRules } from "../rule.ts";

/** A DNS label (RFC 1123): what names a Pod whose name is also a label value and a host name. */
export const dnsLabel = withRules(
  z.string().min(1).max(63),
  matches(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    "must be lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit",
  ),
);

/** A DNS subdomain (RFC 1123): what most Kubernetes objects may be named. */
export const objectName = withRules(
  z.string().min(1).max(253),
  matches(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "must be the name of a Kubernetes object: lower-case letters, digits, '-' and '.'",
  ),
);

/** What may stand as the value of a label. */
export const labelValue = withRules(
  z.string().min(1).max(63),
  matches(
    /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
    "must be letters, digits, '.', '_' and '-', at most 63, beginning and ending with a letter or digit",
  ),
);

/** Key of an entry in a ConfigMap or Secret. */
export const dataKey = withRules(
  z.string().min(1).max(253),
  matches(/^[-._a-zA-Z0-9]+$/, "must be letters, digits, '.', '_' and '-'"),
);

/** A host name with at least one dot. */
export const hostName = withRules(
  z.string().min(1).max(253),
  matches(
    /^([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?[.])+[A-Za-z]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/,
    'must be a domain such as "sandboxes.example.com"',
  ),
);
