/** A close frame's payload is 125 bytes, two of them the code. */
const MAX_BYTES = 123

/** As much of a reason as a close frame takes. */
export function closeReason(text: string): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(MAX_BYTES)).read)
}
