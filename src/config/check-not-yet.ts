import { NOT_YET } from './not-yet.ts'
import { valueAtPath } from './plain-value.ts'
import type { Finding } from './problem.ts'

/** Names the settings in the file, as the user wrote it, that this version does not act on. */
export function checkNotYet(written: unknown): readonly Finding[] {
  return NOT_YET.filter(({ path }) => valueAtPath(written, path) !== undefined).map(
    ({ path, consequence }) => ({
      path,
      atKey: true,
      severity: 'warning',
      message: `accepted, but has no effect in this version: ${consequence}`,
    }),
  )
}
