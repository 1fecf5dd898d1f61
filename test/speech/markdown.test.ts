import { describe, expect, it } from 'vitest'
import { spokenFromEveryCut } from '../support/speech-filter.ts'

const expectSpoken = (text: string, spoken: string) =>
  expect(spokenFromEveryCut(text)).toEqual([spoken])

describe('emphasis loses its marks', () => {
  it.each([
    ['Hello **world**', 'Hello world'],
    ['**Note:** read this', 'Note: read this'],
    ['I *really* mean it', 'I really mean it'],
    ['*Really*?', 'Really?'],
    ['***both*** of them', 'both of them'],
    ['_x_ and __y__', 'x and y'],
    ['~~old~~ new', 'old new'],
    ['Run `npm test` now', 'Run npm test now'],
    ['``a`` b', 'a b'],
    ['**a *b* c**', 'a b c'],
    ['un**believ**able', 'unbelievable'],
    ['**bold', 'bold'],
    ['open *star', 'open star'],
    ['a * b * c', 'a * b * c'],
    ['"*Yes*," she said', '"Yes," she said'],
    ['2 ** 3', '2 3'],
    ['a ~ b', 'a b'],
    ['\\*not emphasis\\*', 'not emphasis'],
    ['1\\. First', '1. First'],
    ['\\$5', '$5'],
    ['It costs **$5**.', 'It costs $5.'],
    ['**a**, **b**', 'a, b'],
    ['a__b', 'a__b'],
    ['_laughing_ stock', 'laughing stock'],
    ['*5 minutes* from now', '5 minutes from now'],
    ['*#3* is next', '#3 is next'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('lines lose their marks', () => {
  it.each([
    ['# Title\nText', 'Title\nText'],
    ['###### Deep', 'Deep'],
    ['####### Too deep', '####### Too deep'],
    ['> quoted\n> more', 'quoted\nmore'],
    ['> > twice', 'twice'],
    ['- a\n- b', 'a\nb'],
    ['* a\n* b', 'a\nb'],
    ['+ a\n  + b', 'a\nb'],
    ['• a\n• b', 'a\nb'],
    ['- **Bold**: x', 'Bold: x'],
    ['* *slanted* x', 'slanted x'],
    ['- [ ] todo\n- [x] done', 'todo\ndone'],
    ['1. **One**\n2. *Two*', '1. One\n2. Two'],
    ['- 1. x', '1. x'],
    ['> - # x', 'x'],
    ['a\n---\nb', 'a\nb'],
    ['a\n\n***\n\nb', 'a\n\n\nb'],
    ['a\n* * *\nb', 'a\nb'],
    ['___\nb', 'b'],
    ['Title\n=====\nText', 'Title\nText'],
    ['--- a', '--- a'],
    ['a - b', 'a - b'],
    ['a\n-', 'a\n'],
    ['-'.repeat(500) + '\nb', 'b'],
    ['-\na', 'a'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('a table is spoken as its cells', () => {
  it.each([
    ['| Day | Open |\n|-----|:----:|\n| Mon | 9-5 |\n', 'Day, Open\nMon, 9-5\n'],
    ['Day | Open\n--- | ---\nMon | 9', 'Day, Open\nMon, 9'],
    ['|a||b|', 'a, b'],
    ['| **a** | `b` |', 'a, b'],
    ['| a. | b |', 'a. b'],
    ['| 😀 | b |', 'b'],
    ['Settings → Privacy → Location', 'Settings, Privacy, Location'],
    ['→ Next', 'Next'],
    ['one • two', 'one, two'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('a fence goes with its content', () => {
  it.each([
    ['Hi.\n```js\nconst a = `b`\n```\nBye.', 'Hi.\nBye.'],
    ['```\ncode\n```\n', ''],
    ['Run ```x``` now', 'Run now'],
    ['Hi.\n```tool_code\nprint(1)', 'Hi.\n'],
    ['a\n~~~\ncode\n~~~\nb', 'a\nb'],
    ['````\n```\n````\nb', 'b'],
    ['a\n  ```\n  x\n  ```\nb', 'a\nb'],
    ['``` one ``` and ``` two ``` end', 'and end'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('links', () => {
  it.each([
    ['[text](http://x.y)', 'text'],
    ['See [the **page**](https://x.y/a_(b) "title").', 'See the page.'],
    ['![alt](https://x.y/z.png) done', 'alt done'],
    ['Look: ![a cat](data:image/png;base64,' + 'A'.repeat(300) + ').', 'Look: a cat.'],
    ['[![badge](u)](v) x', 'badge x'],
    ['<https://x.y/z> ok', 'link ok'],
    ['<https://x.y/' + 'a'.repeat(500) + '> ok', 'link ok'],
    ['<a@b.no> and <mailto:c@d.no>', 'a@b.no and c@d.no'],
    ['see https://x.y/z.', 'see link.'],
    ['see https://x.y/z. Then', 'see link. Then'],
    ['(see https://x.y/z)', '(see link)'],
    ['https://x.y/a_(b)_c!', 'link!'],
    ['Is it https://x.y?q=1&r=2? Yes', 'Is it link? Yes'],
    ['www.x.y/z, or', 'link, or'],
    ['WWW.X.Y', 'link'],
    ['HTTPS://X.Y', 'link'],
    ['**https://x.y**', 'link'],
    ['`https://x.y`', 'link'],
    ['"https://x.y"', '"link"'],
    ['https://x.y/a…', 'link…'],
    ['请看https://x.y。好', '请看link。好'],
    ['https://x.y😀 ok', 'link ok'],
    ['https://', 'link'],
    ['www. x', 'www. x'],
    ['ftp://x.y/z ok', 'ftp: link ok'],
    ['ht**tp://x.y** ok', 'http: link ok'],
    ['[https://x.y](https://x.y)', 'link'],
    ['[ht](u)tps://x.y', 'https: link'],
    ['https://' + 'a.'.repeat(300) + ' b', 'link. b'],
    ['[text](unclosed\nnext', 'text\nnext'],
    ['http://x.jp/をご覧ください。', 'linkをご覧ください。'],
    ['詳しくはwww.x.jpをご覧ください。', '詳しくはlinkをご覧ください。'],
    ['https://x.kr에서 보세요', 'link에서 보세요'],
    ['زوروا https://x.y، شكرا', 'زوروا link، شكرا'],
    ['https://пример.рф/путь ок', 'link ок'],
  ])('%j is spoken as %j', expectSpoken)
})
