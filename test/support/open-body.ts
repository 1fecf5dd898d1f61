/** A body that is being streamed, read as far as the test wants to. */
export interface OpenBody {
  readonly status: number
  readonly headers: Headers
  /** What was read so far. */
  readonly raw: () => string
  /** Reads until it is so; throws if the body ends before. */
  readonly until: (isSo: () => boolean, wanted: string | RegExp) => Promise<void>
  readonly toEnd: () => Promise<string>
  readonly hangUp: () => void
}

export async function openBody(url: string, init: RequestInit): Promise<OpenBody> {
  const call = new AbortController()
  const answer = await fetch(url, { ...init, signal: call.signal })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let raw = ''
  async function readMore(): Promise<boolean> {
    const next = await reader?.read()
    raw += next?.value ?? ''
    return next?.done === false
  }
  return {
    status: answer.status,
    headers: answer.headers,
    raw: () => raw,
    async until(isSo, wanted) {
      while (!isSo()) {
        if (!(await readMore()))
          throw new Error(`the stream ended without "${String(wanted)}": ${raw}`)
      }
    },
    async toEnd() {
      while (await readMore());
      return raw
    },
    hangUp: () => call.abort(),
  }
}
