import { readFileSync } from 'node:fs'

export type FileText =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string }

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no directory',
}

/** Never throws. */
export function readText(file: string): FileText {
  try {
    return { ok: true, text: readFileSync(file, 'utf8') }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
    return { ok: false, message: `cannot be read: ${REASONS[code] ?? code}` }
  }
}
