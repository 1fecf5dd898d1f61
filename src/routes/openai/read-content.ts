import { isJsonObject } from '../json-object.ts'
import { refuseDeepNesting } from './json-body.ts'
import type { JsonObject } from '../json-object.ts'

interface Content {
  readonly text: string
  /** Only if there is more than text. */
  readonly parts?: readonly object[]
}

/** Content that is no plain string: null, missing, a list of parts, one part, or a bare value. */
export function readContent(content: unknown, param: string): Content {
  if (content === null || content === undefined) return { text: '' }
  refuseDeepNesting(content, param)
  const list: readonly unknown[] = Array.isArray(content) ? content : [content]
  const parts = list.map(readPart).filter((part) => part !== null)
  const text = joined(parts.flatMap((part) => ('text' in part ? [part.text] : [])))
  return parts.some((part) => part.type !== 'text') ? { text, parts } : { text }
}

/** The content of a tool message is the tool's result: what is no text is kept as JSON. */
export function readResult(content: unknown, param: string): string {
  if (typeof content === 'string') return content
  const { text } = readContent(content, param)
  if (text !== '' || content === null || content === undefined) return text
  return JSON.stringify(content)
}

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image_url'; readonly image_url: object }
  | { readonly type: 'input_audio'; readonly input_audio: object }
  | { readonly type: 'file'; readonly file: object }

// Each part is built anew, so that nothing else in it can reach an upstream.
function readPart(part: unknown): Part | null {
  if (typeof part === 'string') return { type: 'text', text: part }
  if (typeof part === 'number' || typeof part === 'boolean')
    return { type: 'text', text: String(part) }
  if (!isJsonObject(part)) return null
  const { type, text, input_audio, file } = part
  if (typeof text === 'string') return { type: 'text', text }
  if (type === 'image_url' || type === 'input_image') return readImage(part)
  if (type === 'input_audio') return isJsonObject(input_audio) ? { type, input_audio } : null
  if (type === 'file') return isJsonObject(file) ? { type, file } : null
  if (type === 'input_file') return readInputFile(part)
  return null
}

/** The Responses API has the URL bare and the detail beside it. */
function readImage({ image_url: image, detail }: JsonObject): Part | null {
  if (isJsonObject(image)) return { type: 'image_url', image_url: image }
  if (typeof image !== 'string') return null
  return {
    type: 'image_url',
    image_url: { url: image, ...(typeof detail === 'string' && { detail }) },
  }
}

/** Chat completions, which go upstream, know files by their bytes or their id, and by no URL. */
function readInputFile({ file_data, file_id, filename }: JsonObject): Part | null {
  const given = Object.entries({ file_data, file_id, filename })
  const file = Object.fromEntries(given.filter(([, value]) => typeof value === 'string'))
  return 'file_data' in file || 'file_id' in file ? { type: 'file', file } : null
}

// Some clients cut between words and some after a space: neither must glue words together. The text
// so far is never looked at as a whole: one body can hold a hundred thousand parts.
function joined(texts: readonly string[]): string {
  const pieces: string[] = []
  let last = ' '
  for (const text of texts) {
    if (text === '') continue
    if (!isSpace(last) && !isSpace(text.charAt(0))) pieces.push(' ')
    pieces.push(text)
    last = text.charAt(text.length - 1)
  }
  return pieces.join('')
}

function isSpace(character: string): boolean {
  return character.trim() === ''
}
