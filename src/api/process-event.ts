/**
 * The Event that tells of a process started in a sandbox that is `verbose`: its program alone. Arguments can be secret, and
 * the variables and input of a process are.
 */
export function processStarted([program = ""]: readonly string[]): { type: "Normal"; reason: string; message: string } {
  const shown = JSON.stringify(program.length > 200 ? `${program.slice(0, 199)}…` : program);
  return { type: "Normal", reason: "ProcessStarted", message: `Started ${shown}.` };
}
