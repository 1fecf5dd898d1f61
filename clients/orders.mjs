import { createInterface } from 'node:readline'

/** The test's orders, one JSON object a line, until it closes the pipe. */
export async function* orders() {
  for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line)
}

/** Tells the test what happened. */
export function tell(event, fields = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
}
