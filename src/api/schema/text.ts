/** Half of a surrogate pair has no UTF-8: it would reach a program as another character. */
export const isText = (text: string): boolean => text.isWellFormed();
export const notText = "must be Unicode text, without halves of surrogate pairs";
