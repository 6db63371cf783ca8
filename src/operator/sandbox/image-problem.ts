import { printable } from "./termination-message.ts";

/** What a registry answers when there is no such image, in the words of the runtimes and registries in use. */
const absent = /not found|manifest unknown|name unknown|repository does not exist|no such manifest/i;

/**
 * Why the image of a waiting container can never be there, with what to do; `undefined` while another try may help, as
 * after a network failure or a refused login, whose secret may still be put right.
 */
export function imageProblem(reason: string, message: string, image: string): string | undefined {
  switch (reason) {
    case "InvalidImageName":
      return `"${image}" is not an image reference: ${printable(message)}`;
    case "ErrImageNeverPull":
      return `Image ${image} is not on the node and must not be pulled.`;
    case "ErrImagePull":
    case "ImagePullBackOff":
      return absent.test(message)
        ? `Image ${image} does not exist: check name and tag. ${printable(message)}`
        : undefined;
    default:
      return undefined;
  }
}
