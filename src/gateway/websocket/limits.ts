/** What a client of a WebSocket may make the gateway hold or wait for. */
export const limits = {
  /** Octets of a message, and of how many fragments and chunks it may be put together. */
  messageOctets: 256 << 10,
  fragments: 1_024,
  chunks: 4_096,
  /** Pings under way that the gateway has not answered yet. */
  pongs: 16,
  /** Octets on their way to the client beyond which what sends them waits. */
  aheadOctets: 256 << 10,
  /** Octets from the client that nobody has taken yet beyond which it is not read. */
  heldOctets: 256 << 10,
  /** What each message, however short, counts for beside its octets in either. */
  octetsPerMessage: 256,
  /** Milliseconds between pings. */
  pingMilliseconds: 15_000,
  /** Milliseconds in which a client neither takes nor sends an octet, after which it is given up. */
  silenceMilliseconds: 60_000,
  /** Milliseconds that a client may take to the end after the gateway has closed. */
  closeMilliseconds: 30_000,
} as const;
