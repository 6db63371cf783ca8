import { printable } from "./termination-message.ts";

/** What a registry answers when there is no such image, in the words of the runtimes and registries in use. */
const absent = /not found|manifest unknown|name unknown|repository does not exist|no such manifest/i;

/** What it answers to one who may not pull; many answer so too where there is no such image, so as not to tell. */
const refused = /unauthorized|forbidden|access denied|authorization|authentication/i;

/**
 * Why the image of a waiting container can never be there, with what to do; `undefined` while another try may help, as
 * after a network failure, or a refused login as long as its Secret may still come.
 */
export function imageProblem(
  reason: string,
  message: string,
  image: string,
  secretMayCome: boolean,
): string | undefined {
  switch (reason) {
    case "InvalidImageName":
      return `"${image}" is not an image reference: ${printable(message)}`;
    case "ErrImageNeverPull":
      return `Image ${image} is not on the node and must not be pulled.`;
    case "ErrImagePull":
    case "ImagePullBackOff":
      if (refused.test(message)) {
        return secretMayCome
          ? undefined
          : `Image ${image} does not exist or needs another login: check name, tag and imagePullSecrets. ${printable(message)}`;
      }
      return absent.test(message)
        ? `Image ${image} does not exist: check name and tag. ${printable(message)}`
        : undefined;
    default:
      return undefined;
  }
}
