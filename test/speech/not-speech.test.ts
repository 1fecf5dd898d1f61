import { describe, expect, it } from 'vitest'
import { spokenFromEveryCut } from '../support/speech-filter.ts'

const expectSpoken = (text: string, spoken: string) =>
  expect(spokenFromEveryCut(text)).toEqual([spoken])

describe('emoji vanish', () => {
  it.each([
    ['Hi 😀 there', 'Hi there'],
    ['Hi 😀', 'Hi'],
    ['😀 Hi', 'Hi'],
    ['Nice 😀.', 'Nice.'],
    ['Nice 😀😀! Ok', 'Nice! Ok'],
    ['Hi👋there', 'Hi there'],
    ['Fine.😀I mean it', 'Fine. I mean it'],
    ['Flag 🇳🇴 of Norway', 'Flag of Norway'],
    ['🏴󠁧󠁢󠁥󠁮󠁧󠁿 England', 'England'],
    ['Family 👨‍👩‍👧‍👦.', 'Family.'],
    ['Heart ❤️‍🔥 and ❤ too', 'Heart and too'],
    ['👍🏽 ok', 'ok'],
    ['🏳️‍🌈!', '!'],
    ['Press 1️⃣ for sales, 2️⃣ for support', 'Press 1 for sales, 2 for support'],
    ['Done ✅\nNext ✔', 'Done\nNext'],
    ['a\n🎉🎉\nb', 'a\nb'],
    ['Wait ⌚ ok', 'Wait ok'],
    ['©️ 2024', '© 2024'],
    ['A ➡️ B', 'A, B'],
    ['★★★★ hotel', 'hotel'],
    ['half \uD83D **\uDE00 pair', 'half pair'],
    ['end \uD83D', 'end'],
    ['(yes 😀)', '(yes)'],
    ['(😀 yes)', '(yes)'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('stage directions vanish', () => {
  it.each([
    ['*smiles warmly* Hello', 'Hello'],
    ['*clears throat* So', 'So'],
    ['Well (laughs) yes', 'Well yes'],
    ['Well (laughs).', 'Well.'],
    ['[sighs] Fine', 'Fine'],
    ['*softly* Good night', 'Good night'],
    ['(softly laughing) Oh', 'Oh'],
    ['(takes a deep breath) Ok', 'Ok'],
    ['*laughs, then pauses* Ok', 'Ok'],
    ['(pause)', ''],
    ['*Laughs*\nHi', 'Hi'],
    ['(he nods) yes', 'yes'],
    ['(*laughs*) yes', 'yes'],
    [
      '(laughs at the very long joke that the man told) x',
      '(laughs at the very long joke that the man told) x',
    ],
    ['*She smiles and nods.* Hi', 'Hi'],
    ['*adjusts glasses* Hm', 'Hm'],
    ['(shakes her head) No', 'No'],
    ['*typing...* Ok', 'Ok'],
    ['*thinking*', ''],
    ['(fever, coughing)', '(fever, coughing)'],
    ['(coughing or sneezing)', '(coughing or sneezing)'],
    ['(other types)', '(other types)'],
    ['(thinking about it)', '(thinking about it)'],
    ['(takes ten minutes)', '(takes ten minutes)'],
    [
      '(in which case we say sorry to you, smiling)',
      '(in which case we say sorry to you, smiling)',
    ],
    ['(laughs', '(laughs'],
    ['*laughs', 'laughs'],
    ['(laughs\n)', '(laughs\n)'],
    ['(shortness of breath)', '(shortness of breath)'],
    ['Oh *laughs* that is funny', 'Oh that is funny'],
    ['Well (pause) yes', 'Well yes'],
    ['Ok. *pause* Yes', 'Ok. Yes'],
    ['*types on keyboard* I see', 'I see'],
    ['*checks the calendar* Yes', 'Yes'],
    ['(with a warm smile) Hello', 'Hello'],
    ['*in a warm tone* Hello', 'Hello'],
    ['... *long pause* ...', '... ...'],
    ["Is ten fine? (waits for caller's response)", 'Is ten fine? '],
    ['Sure. *speaking very softly* Hi', 'Sure. Hi'],
    ['(waiting for a taxi)', '(waiting for a taxi)'],
    ['*lächelt freundlich* Guten Tag', 'Guten Tag'],
    ['そうですね(笑)', 'そうですね'],
    ['そうですね（笑）。', 'そうですね。'],
    ['*يبتسم* أهلا', 'أهلا'],
    ['Click *Pause*.', 'Click Pause.'],
    ['please *pause* the subscription', 'please pause the subscription'],
    ['Do you have a *cough*?', 'Do you have a cough?'],
    ['a symptom (coughing) since Monday', 'a symptom (coughing) since Monday'],
    ['a cough (coughing at night)?', 'a cough (coughing at night)?'],
    ['Rub it *gently* on', 'Rub it gently on'],
    ['a price (gently used)', 'a price (gently used)'],
    ['the check (clears tomorrow)', 'the check (clears tomorrow)'],
    ['a bed (adjusts to 3 positions)', 'a bed (adjusts to 3 positions)'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('brackets vanish', () => {
  it.each([
    ['As said [1].', 'As said.'],
    ['Dear [Your Name],', 'Dear,'],
    ['[Agent]: Hello', 'Hello'],
    ['a [] b', 'a b'],
    ['a [b [c] d', 'a b d'],
    ['[never closes', 'never closes'],
    ['[' + 'a '.repeat(300), 'a '.repeat(300)],
    ['stray ] ok', 'stray ok'],
    ['a [b\nc] d', 'a b\nc d'],
    ['Open at nine.【4:0†source】 Ok', 'Open at nine. Ok'],
    ['【重要】明日', '【重要】明日'],
    ['【4】', '【4】'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('tags vanish', () => {
  it.each([
    ['<b>Hi</b> there', 'Hi there'],
    ['<  ||![a](b)', '<, !a'],
    ['< [](x)/a', '< /a'],
    ['<speak>Hi.</speak>', 'Hi.'],
    ['a<br/>b', 'a b'],
    ['a <!-- hidden > --> b', 'a b'],
    ['<prosody rate="slow">Slow</prosody>.', 'Slow.'],
    ['Wait <break time="1s"/> ok', 'Wait ok'],
    ['a <foo bar', 'a foo bar'],
    ['<foo ' + 'x'.repeat(300) + '> y', 'foo ' + 'x'.repeat(300) + '> y'],
    ['<think>hm <b>x</b></think>Hi', 'Hi'],
    ['<THINKING>hm</thinking>Hi', 'Hi'],
    ['<think>hm', ''],
    ['hm</think>Hi', 'hm Hi'],
    ['<script>let a = "<b>"</script>Hi', 'Hi'],
    ['<think/>Hi', 'Hi'],
    ['<>x</>', 'x'],
    ['</3', '/3'],
    ['<**b>', 'b>'],
    ['<😀b>', 'b>'],
    ['if a<b and c>d', 'if a < b and c>d'],
    ['if a<b then', 'if a < b then'],
    ['Hi<b class="x">you</b>', 'Hi you'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('tool syntax vanishes', () => {
  it.each([
    ['Ok. <tool_call>{"name":"a"}</tool_call> Done', 'Ok. Done'],
    [
      '<function_calls><invoke name="a"><parameter name="b">c</parameter></invoke></function_calls>Hi',
      'Hi',
    ],
    ['<function_calls>x</function_calls>Hi', 'Hi'],
    ['<function=get>{"a":1}</function>Hi', 'Hi'],
    ['<tool_call>\n{"name": "a"}', ''],
    ['<|python_tag|>get(a=1)<|eom_id|>Hi', 'Hi'],
    ['<|python_tag|>get(a=1)', ''],
    ['Hi<|im_end|>', 'Hi'],
    ['<｜tool▁calls▁begin｜>x<｜tool▁call▁end｜>y<｜tool▁calls▁end｜>Hi', 'Hi'],
    ['<|tool_calls_section_begin|>x<|tool_calls_section_end|>Hi', 'Hi'],
    ['<|start_header_id|>assistant<|end_header_id|>Hi', 'Hi'],
    ['<|im_start|>assistant\nHi', 'Hi'],
    [
      '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hi',
      'Hi',
    ],
    ['[TOOL_CALLS] [{"name": "a", "arguments": {"b": "]"}}]', ''],
    ['[TOOL_CALLS]get{"a": {"b": 1}} Hi', 'Hi'],
    ['Sure. {"name": "a", "x": "}\\"{"} Done', 'Sure. Done'],
    ['{\n  "name": "a"\n}\nHi', 'Hi'],
    ['[{"name": "a"}] Hi', 'Hi'],
    ['{"name": "a"', ''],
    ['{} Hi', 'Hi'],
    ['functions.get_time({"a": ")"}) Hi', 'Hi'],
    ['Calling functions.get()', 'Calling'],
    ['<| pipe', 'pipe'],
    [
      '<｜DSML｜function_calls><｜DSML｜invoke name="a"><｜DSML｜parameter name="b">c</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>Hi',
      'Hi',
    ],
    ['Hi</｜DSML｜invoke>', 'Hi'],
    ['[TOOL_CALLS]get[ARGS]{"a": 1} Hi', 'Hi'],
    ['[TOOL_CALLS]get[CALL_ID]x1[ARGS]{"a": 1}[TOOL_CALLS]put[ARGS]{"b": 1}', ''],
    ['[THINK]hm [1][/THINK]Hi', 'Hi'],
    ['[book(days=["Mon", "Tue"], who="]")] Hi', 'Hi'],
    ["{'name': 'get', 'arguments': {'a': 1}} Hi", 'Hi'],
    ['<start_function_call>call:get{a:<escape>1<escape>}<end_function_call>Hi', 'Hi'],
    ['Hi<end_of_turn>\n<start_of_turn>model\nBye', 'Hi\nBye'],
    ['<|header_start|>assistant<|header_end|>Hi', 'Hi'],
    ['<|start_of_role|>assistant<|end_of_role|>Hi', 'Hi'],
    ['<|START_THINKING|>hm<|END_THINKING|>Hi', 'Hi'],
    ['<|START_ACTION|>get<|END_ACTION|>Hi', 'Hi'],
  ])('%j is spoken as %j', expectSpoken)
})

describe('what is allowed', () => {
  it.each([
    ['Wait <break time="1.5s"/> ok', 'Wait <break time="1.5s"/> ok'],
    ["<break time='500ms' />a", "<break time='500ms' />a"],
    ['a <break time="10s"/> b', 'a <break time="3s"/> b'],
    ['a <break time="9999ms"/> b', 'a <break time="3s"/> b'],
    ['a <break/> b', 'a b'],
    ['a <break time="x"/> b', 'a b'],
    ['a <break time="1s"> b', 'a b'],
    ['a <break time="-1s"/> b', 'a b'],
    ['<breakfast/>a', 'a'],
  ])('a break: %j is sent as %j', (text, spoken) =>
    expect(spokenFromEveryCut(text, ['break'])).toEqual([spoken]),
  )

  it.each([
    ['[warmly] Hi', '[warmly] Hi'],
    ['Hi [pause] you', 'Hi [pause] you'],
    ["[doesn't quite whisper] x", "[doesn't quite whisper] x"],
    ['[one two three four five] x', 'x'],
    ['As said [1].', 'As said.'],
    ['[TOOL_CALLS] [{"a": 1}]', ''],
    ['[text](https://x.y)', 'text'],
    ['*laughs* Hi', 'Hi'],
    ['a <break time="1s"/> b', 'a b'],
  ])('voice tags: %j is sent as %j', (text, spoken) =>
    expect(spokenFromEveryCut(text, ['tags'])).toEqual([spoken]),
  )
})
