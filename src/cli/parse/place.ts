import { Failure } from "../errors.ts";

/** A path on this machine, or inside a sandbox. */
export type Place = { sandbox?: undefined; path: string } | { sandbox: string; path: string };

/** `SANDBOX:/path` is inside a sandbox; anything else is here, also `./a:b` and `C:\file`. */
export function placeOf(text: string): Place {
  const at = text.indexOf(":");
  if (at < 1 || /[\\]|^[./]/.test(text.slice(0, at)) || (at === 1 && /[\\]/.test(text))) return { path: text };
  const [sandbox, path] = [text.slice(0, at), text.slice(at + 1)];
  if (!path.startsWith("/"))
    throw new Failure(
      `"${text}": paths inside a sandbox are absolute`,
      `Write ${sandbox}:/${path}, or ./${text} for a file of that name here.`,
    );
  return { sandbox, path };
}

/** The same, and it must be inside a sandbox. */
export function remotePlaceOf(text: string): { sandbox: string; path: string } {
  const place = placeOf(text);
  if (place.sandbox === undefined)
    throw new Failure(`"${text}" names no sandbox`, `Write SANDBOX:/path, such as work:/etc/hostname.`);
  return place;
}
