/** Text as a Sandbox takes it in variables and commands, where Kubernetes expands `$(NAME)` and `$$`, so that it means what it says. */
export function literal(text: string): string {
  return text.replaceAll(/\$(?=[$(])/g, () => "$$");
}

/** What such text says, save for `$(NAME)`. */
export function said(text: string): string {
  return text.replaceAll("$$", () => "$");
}
