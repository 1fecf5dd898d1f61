import { TextDecoder } from 'node:util'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** One header's value; of several the first. */
export function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.[0]
}

/** The text of an answer in its own charset, without a byte order mark; null if it is compressed. */
export function toAnswerText(bytes: Buffer, headers: Headers): string | null {
  const encoding = headerOf(headers, 'content-encoding')?.trim().toLowerCase() ?? ''
  // Nobody asked for it, and what it unpacks to would need limits of its own.
  if (encoding !== '' && encoding !== 'identity' && bytes.length > 0) return null
  const type = headerOf(headers, 'content-type') ?? ''
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(type)?.[1]
  return decoderFor(charset).decode(bytes)
}

function decoderFor(charset: string | undefined): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}
