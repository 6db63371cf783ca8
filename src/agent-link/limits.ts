/** What an agent may make its client hold or wait for. The agent runs beside untrusted code and is treated as hostile. */
export const limits = {
  /** Milliseconds from opening the exec stream to the agent's HTTP/2 settings. */
  openMilliseconds: 15_000,
  /** Milliseconds to the head of a response, beyond what the request itself asks the agent to wait. */
  responseMilliseconds: 30_000,
  /** Requests under way on one link. */
  streams: 1_000,
  /** Octets of one response's header fields, and how many fields. Node enforces the former at 64 Ki at the latest. */
  headerOctets: 16 << 10,
  headerFields: 64,
  /** Octets of one response that are held ahead of its reader; as many again may be on their way. */
  windowOctets: 512 << 10,
  /**
   * Octets of all responses of a link together that may be on their way. The agent waits for the gateway whenever so many
   * are; a small answer waits behind them.
   */
  linkWindowOctets: 256 << 10,
  /** Megabytes of HTTP/2 state per link. */
  sessionMegabytes: 64,
  /** Octets of a JSON answer that is parsed here. */
  jsonOctets: 4 << 20,
  /** Octets of one line of NDJSON that is parsed here. */
  lineOctets: 256 << 10,
  /** Milliseconds between pings, which also keep idle timers on the way from closing the stream. */
  pingMilliseconds: 15_000,
  /** Milliseconds that an agent has to end a stream of which everything was said, or to say why one broke. */
  lastWordsMilliseconds: 5_000,
  /** Milliseconds without progress after which the stream of a large body is given up, while it is the agent's turn. */
  stallMilliseconds: 60_000,
  /** Milliseconds without any octet from the agent after which a link that owes a ping is given up. */
  silenceMilliseconds: 60_000,
} as const;
