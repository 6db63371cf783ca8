import { SandkeepMock } from "sandkeep/testing";
import { tryAll } from "../../../conformance/table.ts";

tryAll(async () => new SandkeepMock().client);
