import { describe, expect, it } from 'vitest'
import { createSpeechFilter } from '../../src/speech/speech-filter.ts'

describe('nothing waits of', () => {
  it.each([
    'Hello',
    'Hello, you!',
    ' 3',
    ' costs $5',
    ' a@b',
    " it's",
    ' 10:',
    ' 50%',
    ' wh',
    ' for',
    ' with',
    'Hm -',
    'C#',
    ' 2 >',
    ' **bold',
    ' `code',
    ' https://x',
    ' (555',
    ' (about ten minutes from now',
    ' (about ten, I',
    ' 【重',
    ' <y and so it goes on and on',
    ' ok. ',
    ' ok! ',
    ' | a',
    ' 😀 ok',
  ])('%j behind a word, but for what may begin something', (delta) => {
    const filter = createSpeechFilter({ allow: [] })
    filter.push('So')
    expect(filter.push(delta)).not.toBe('')
    expect(filter.end()).toBe('')
  })
})

/** The tail, what goes out of it at once, and what the next letter then brings. */
describe('of what may still become something', () => {
  it.each([
    ['So h', 'So', ' hx'],
    ['So https:', 'So', ' https:x'],
    ['So https:/', 'So', ' https:/x'],
    ['So ww', 'So', ' wwx'],
    ['So www.', 'So', ' link'],
    ['So function', 'So', ' functionx'],
    ['So *', 'So', ''],
    ['So _', 'So', ' x'],
    ['a_', 'a', '_x'],
    ['So ~', 'So', ' x'],
    ['So `', 'So', ' x'],
    ['So <', 'So', ''],
    ['So [', 'So', ''],
    ['So ![', 'So', ''],
    ['So !', 'So', ' !x'],
    ['So (', 'So', ''],
    ['So {', 'So', ' {x'],
    ['So \\', 'So', ' \\x'],
    ['So ', 'So', ' x'],
    ['-', '', '-x'],
    ['#', '', '#x'],
    ['* ', '', 'x'],
    ['1.', '1.', 'x'],
    ['---', '', '---x'],
    ['ftp:/', 'ftp:', '/x'],
    ['\uD83D', '', 'x'],
    ['see https://x.y/z.', 'see link', ''],
  ])('%j sends %j, then with the next letter %j', (tail, atOnce, next) => {
    const filter = createSpeechFilter({ allow: [] })
    expect([filter.push(tail), filter.push('x')]).toEqual([atOnce, next])
  })

  it.each([
    ['(about ten minutes from now, it says', '(about ten minutes from now, it says'],
    ['*this is what I really do want', 'this is what I really do want'],
    ['[' + 'x'.repeat(200), 'x'.repeat(200)],
    ['<a ' + 'x'.repeat(200), 'a ' + 'x'.repeat(200)],
    ['{' + ' '.repeat(200) + 'x', '{' + ' '.repeat(200) + 'x'],
    ['<|' + 'x'.repeat(200), 'x'.repeat(200)],
  ])('%j is given up while the text goes on', (text, spoken) => {
    const filter = createSpeechFilter({ allow: ['break', 'tags'] })
    expect(
      text
        .split('')
        .map((char) => filter.push(char))
        .join(''),
    ).toBe(spoken)
  })
})
