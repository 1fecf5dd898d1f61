const DEMEANOUR =
  'laugh chuckle sigh smile pause nod whisper giggle grin shrug wink frown mumble mutter smirk scoff cackle grimace wince hesitate'
/** What callers also speak of in earnest: a clinic's, a garage's words. */
const BODY =
  'cough gasp hum yawn sniff sniffle groan snort sob cry gulp exhale inhale blush squeal sneeze'
const ADVERBS =
  'softly warmly quietly gently cheerfully nervously excitedly sadly happily enthusiastically calmly sarcastically playfully thoughtfully sympathetically empathetically reassuringly brightly hesitantly jokingly sheepishly'
const OTHER_LANGUAGES =
  'lacht lächelt seufzt kichert nickt räuspert flüstert zwinkert schmunzelt grinst lachend lächelnd seufzend ler smiler nikker hvisker kremter humrer rit rires sourit soupire chuchote ricane ríe risas sonríe suspira susurra asiente carraspea 笑 笑い 微笑む 微笑み 微笑んで 笑顔で ため息 يضحك يبتسم يتنهد تضحك تبتسم تتنهد'

const CERTAIN = new Set([
  ...DEMEANOUR.split(' ').flatMap((verb) => [thirdPerson(verb), present(verb)]),
  ...BODY.split(' ').map(thirdPerson),
  ...OTHER_LANGUAGES.split(' '),
])
const STANDALONE = new Set([
  ...[...DEMEANOUR.split(' '), ...ADVERBS.split(' ')],
  ...'beat silence laughter applause thinking waits waiting typing'.split(' '),
])
const POSSIBLE = new Set([
  ...[...BODY.split(' '), ...BODY.split(' ').map(present), ...ADVERBS.split(' ')],
  ...'typing waves blinks'.split(' '),
])

/** A word that makes a direction of what it begins or ends, wherever that stands. */
export const isCertain = (word: string) => CERTAIN.has(word)

/** A word that is a direction when nothing stands beside it. */
export const isStandalone = (word: string) => STANDALONE.has(word)

/** A word that may be one at the start of a sentence. */
export const isPossible = (word: string) => POSSIBLE.has(word)

/** Directions of several words; `opening` is what their first word may be. */
export const DIRECTION_PHRASE = {
  opening:
    /^(?:takes?|taking|shak(?:es|ing)|rolls|thinks|clear(?:s|ing)|with|in|speaking|types|typing|checks|checking|looks|looking|scrolls|flips|puts|adjusts|tilts|leans|glances|waits?|waiting|sounds?)$/,
  anywhere:
    /^(?:takes? an? (?:\w+ )?breath|shak(?:es|ing) (?:\w+ )?head|rolls (?:\w+ )?eyes|thinks for a moment|clear(?:s|ing) (?:\w+ )?throat|(?:speaking )?(?:with|in) an? (?:\w+ ){0,2}(?:smile|tone|voice|laugh|chuckle|sigh)|wait(?:s|ing)? for (?:\S+ ){0,3}(?:response|reply|answer|input))$/,
  atStart:
    /^(?:(?:types|typing|checks|checking|looks|looking|glances|scrolls|flips) (?:on|at|up|in|into|through|over|away|the|her|his|their|its|your|some|calendar|sounds?|noises?)(?: .*)?|sounds? of .*|puts .* on hold|(?:adjusts|tilts|leans) (?:glasses|headset|head|back|forward|in|(?:her|his|their) .*)|(?:\w+ )?(?:short|long|brief|slight|soft|deep|light|nervous|gentle|warm) (?:pause|silence|laughter|laugh|chuckle|sigh|breath|smile))$/,
} as const

function thirdPerson(verb: string): string {
  return /(?:s|sh|ch|z)$/.test(verb) ? `${verb}es` : verb.replace(/([^aeou])y$/, '$1ie') + 's'
}

function present(verb: string): string {
  const stem = verb.replace(/e$/, '')
  return (/^(?:nod|hum|grin|shrug|sob)$/.test(verb) ? stem + stem.slice(-1) : stem) + 'ing'
}
