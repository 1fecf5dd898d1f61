import { randomBytes } from 'node:crypto'

const SYLLABLES = ['ba', 'ko', 'lu', 'mi', 'ne', 'po', 'ra', 'su', 'ti', 've', 'zo', 'da']

/** A word that nobody says by chance, of letters only: platforms and filters re-spell digits. */
export function newWord(): string {
  return [...randomBytes(5)].map((byte) => SYLLABLES[byte % SYLLABLES.length]).join('')
}
