/**
 * Words that numbers are spoken with, where these are several words: a part of a number is another
 * number. Spelled as `plain-words.ts` spells them.
 */
export const NUMERALS: ReadonlySet<string> = new Set(
  `zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
  sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
  thousand million point half quarter past double triple dozen
  un une deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt
  trente quarante cinquante soixante cent cents mille virgule demi demie quart
  cero uno una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince
  dieciseis diecisiete dieciocho diecinueve veinte treinta cuarenta cincuenta sesenta setenta ochenta
  noventa cien ciento doscientos trescientos mil coma media cuarto
  um uma dois duas quatro sete oito nove dez doze treze dezesseis dezassete dezessete dezoito
  dezenove vinte trinta quarenta cinquenta sessenta oitenta cem cento duzentos trezentos virgula meia
  due tre quattro cinque sei otto dieci undici dodici venti trenta quaranta cinquanta virgola mezza
  null eins ein eine zwei zwo drei vier funf sechs sieben acht neun zehn elf zwolf zwanzig dreissig
  vierzig funfzig sechzig siebzig achtzig neunzig hundert tausend komma halb viertel
  een twee drie vijf zes zeven acht negen tien twaalf twintig dertig veertig vijftig honderd duizend
  ett tva fyra fem sju atta nio tio tolv tjugo trettio fyrtio femtio hundra tusen
  fire seks syv sju otte atte elleve tyve tjue tretti halvtreds tres firs hundrede tusind
  yksi kaksi kolme nelja viisi kuusi seitseman kahdeksan yhdeksan kymmenen sata tuhat pilkku puoli
  jeden jedna dwa dwie trzy cztery piec szesc siedem osiem dziewiec dziesiec dwanascie dwadziescia
  trzydziesci czterdziesci piecdziesiat sto dwiescie tysiac przecinek
  ноль один одна два две три четыре пять шесть семь восемь девять десять двенадцать двадцать тридцать
  сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто сто двести триста тысяча запятая
  нуль одна дві чотири шість сім вісім двадцять тридцять пятдесят двісті тисяча
  sifir bir iki uc dort bes alti yedi sekiz dokuz on yirmi otuz kirk elli altmis yetmis seksen doksan
  yuz bin virgul bucuk yarim
  صفر واحد واحدة اثنان اثنين ثلاثة اربعة خمسة ستة سبعة ثمانية تسعة عشرة عشر عشرون عشرين وعشرون وعشرين
  ثلاثون ثلاثين وثلاثون وثلاثين اربعون واربعين خمسون وخمسين مية الف ونصف نصف`.split(/\s+/),
)

/** Stand between the words of one number. */
export const NUMBER_JOINTS: ReadonlySet<string> = new Set([
  'and',
  'y',
  'e',
  'et',
  'und',
  'en',
  'och',
  'og',
  'i',
  'и',
  'і',
  'و',
])
