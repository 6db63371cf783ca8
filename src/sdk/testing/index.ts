export { SandkeepMock } from "./mock.ts";
export type { MockContext, MockParams, MockProgram, MockResult } from "./types.ts";
