/** `failed` if it is JSON with `status: "error"`, an `error` key or `is_error: true`; else `ok`. */
export function platformResultStatus(content: string): 'ok' | 'failed' {
  if (!content.trimStart().startsWith('{')) return 'ok'
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
