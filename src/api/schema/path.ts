import { z } from "zod";
import { RESERVED_DIRECTORY } from "../constants.ts";
import { matches, withRules } from "../rule.ts";

/** An absolute path inside a sandbox. */
export const absolutePath = withRules(
  z.string().min(1).max(4096),
  matches(/^\/\P{Cc}*$/u, 'must be an absolute path, beginning with "/"'),
);

/** Where a volume may be mounted: as in a container, neither at the root nor among Sandkeep's own files. */
export const mountPath = withRules(
  z.string().min(1).max(1024),
  matches(/^\/[^\p{Cc}:]*$/u, 'must be an absolute path, beginning with "/" and without ":"'),
  {
    cel: `!self.matches(r'^/+$') && !self.matches(r'(^|/)[.][.]?(/|$)')`,
    message: 'must not be "/" nor contain "." or ".." as a part',
    holds: (path) => !/^\/+$/.test(path) && !/(^|\/)[.][.]?(\/|$)/.test(path),
  },
  {
    cel: `!self.matches(r'^/+[.]sandkeep(/|$)')`,
    message: `must not be below ${RESERVED_DIRECTORY}, which is Sandkeep's own`,
    holds: (path) => !/^\/+[.]sandkeep(\/|$)/.test(path),
  },
);

/** A path below another: relative, never leading out. */
export const subPath = withRules(
  z.string().min(1).max(1024),
  matches(/^[^/\p{Cc}]\P{Cc}*$/u, 'must be a relative path, not beginning with "/"'),
  {
    cel: `!self.matches(r'(^|/)[.][.](/|$)')`,
    message: 'must not contain ".."',
    holds: (path) => !/(^|\/)[.][.](\/|$)/.test(path),
  },
);
