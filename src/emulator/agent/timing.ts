/** How long the emulator waits for what; the platform's own numbers where they are known. */
export interface EmulatorTiming {
  /** Between the first frame and the next: clients lose a frame that shares a read with the first. */
  readonly gapAfterMetadataMs: number
  /** For the client's first frame; then the conversation starts without it. */
  readonly firstFrameLimitMs: number
  readonly pingIntervalMs: number
  /** Without any frame of the client's, pongs included. */
  readonly receiveLimitMs: number
  readonly signedUrlValidityMs: number
  /** For the client to close by itself after `end_call`. */
  readonly endCallGraceMs: number
  /** Between the requests that are made while the user is still speaking. */
  readonly typingIntervalMs: number
  /** For the other side's half of the closing handshake. */
  readonly closeLimitMs: number
}

export const DEFAULT_TIMING: EmulatorTiming = {
  gapAfterMetadataMs: 20,
  firstFrameLimitMs: 3000,
  pingIntervalMs: 2000,
  receiveLimitMs: 60_000,
  signedUrlValidityMs: 15 * 60_000,
  endCallGraceMs: 1000,
  typingIntervalMs: 150,
  closeLimitMs: 2000,
}
