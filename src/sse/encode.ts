/** The event that ends an OpenAI stream. */
export const DONE_EVENT = 'data: [DONE]\n\n'

/** One event. `json` is JSON text as `JSON.stringify` writes it: it must not hold a line break. */
export function encodeData(json: string): string {
  return `data: ${json}\n\n`
}
