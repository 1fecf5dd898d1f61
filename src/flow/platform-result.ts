/**
 * What ElevenLabs' own client (1.25.0) sends as a result when a client tool threw, or was not there.
 * That it failed stands beside it on the client's socket, and does not reach the history.
 */
const FAILED_TEXTS = [
  /^Client tool execution failed\b/,
  /^Client tool with name .{1,200} is not defined on client/,
]

/**
 * `failed` if it is JSON with `status: "error"`, an `error` key or `is_error: true`, or a client's own
 * words for a tool that failed; else `ok`.
 */
export function platformResultStatus(content: string): 'ok' | 'failed' {
  if (!content.trimStart().startsWith('{')) {
    return FAILED_TEXTS.some((text) => text.test(content)) ? 'failed' : 'ok'
  }
  let result: unknown
  try {
    result = JSON.parse(content)
  } catch {
    return 'ok'
  }
  if (typeof result !== 'object' || result === null) return 'ok'
  const isError =
    Object.hasOwn(result, 'error') ||
    ('status' in result && result.status === 'error') ||
    ('is_error' in result && result.is_error === true)
  return isError ? 'failed' : 'ok'
}
