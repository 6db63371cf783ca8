export { SandkeepMock } from "./mock.ts";
export type { MockContext, MockResult } from "./process.ts";
export type { MockProgram } from "./programs.ts";
export type { MockParams } from "./world.ts";
