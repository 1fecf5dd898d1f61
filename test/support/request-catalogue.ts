import { readFileSync, readdirSync } from 'node:fs'

/** A request as some platform really sends it. */
export interface CatalogueRequest {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

/** The key that those fixtures carry which carry one. */
export const CATALOGUE_SECRET = 'fixture-secret-0001'

const FOLDER = new URL('../fixtures/requests/', import.meta.url)

/** Every shape of the catalogue, in its order. */
export function requestCatalogue(): readonly CatalogueRequest[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      // Fixtures are ours: the form is the one that the interface says.
      const fixture = JSON.parse(
        readFileSync(new URL(file, FOLDER), 'utf8'),
      ) as Partial<CatalogueRequest>
      return {
        name: file.replace(/\.json$/, ''),
        path: fixture.path ?? '/v1/chat/completions',
        headers: fixture.headers ?? {},
        body: fixture.body ?? {},
      }
    })
}
