/** What callers of one language say around yes and no. */
export interface AssentWords {
  /** Say yes by themselves. What only shows that somebody listens (`right`, `mhm`) is none of them. */
  readonly affirm: readonly string[]
  /** No, doubt, corrections and questions; what is on no list at all denies as well. */
  readonly deny: readonly string[]
  /** Change nothing. No small words such as `at` or `for`: a wrong number may follow them. */
  readonly neutral: readonly string[]
}

/** A text as phrases: separated by commas, and new lines are white space. */
function phrases(text: string): readonly string[] {
  return text.split(',').map((phrase) => phrase.trim().replace(/\s+/g, ' '))
}

/** Built in, by language. Short on purpose: a yes that is missed costs one more question. */
export const ASSENT_WORDS: Readonly<Record<string, AssentWords>> = {
  en: {
    affirm: phrases(`yes, yeah, yea, yep, yup, ok, okay, sure, correct, absolutely, definitely,
      certainly, of course, exactly, indeed, agreed, confirmed, i confirm, i do, i agree, i am sure,
      im sure, all right, alright, perfect, please do, thats right, that is right, thats correct,
      that is correct, thats fine, that is fine, sounds good, sounds right, that works, works for me`),
    deny: phrases(`no, nope, nah, naw, not, never, none, dont, do not, cant, cannot, wont, isnt, arent,
      wasnt, doesnt, didnt, wouldnt, shouldnt, aint, without, uh uh, nuh uh, mm mm, maybe, perhaps,
      think, thought, guess, suppose, probably, possibly, might, unsure, kind of, sort of, but, except,
      instead, rather, actually, although, unless, wait, hold on, hang on, stop, moment, sorry, change,
      make it, other, another, different, wrong, incorrect, later, what, how, why, when, where, who,
      which, or, whether, if`),
    neutral:
      phrases(`please, thanks, thank you, thank you very much, many thanks, right, great, good,
      fine, that is, thats, it is, its, go ahead, book it, do it, lets do it, lets do that, do that,
      mhm, mm hmm, uh huh, um, uh, oh, ah, very`),
  },
  de: {
    affirm:
      phrases(`ja, jawohl, jep, ok, okay, sicher, klar, na klar, genau, richtig, stimmt, korrekt, gerne, gern,
      in ordnung, einverstanden, natürlich, selbstverständlich, auf jeden fall, sehr gerne,
      das stimmt, das ist richtig, das ist korrekt, das passt, passt, ich bestätige, bestätigt`),
    deny: phrases(`nein, nee, nö, ne, nicht, nichts, kein, keine, keinen, keiner, keines, nie, niemals,
      doch, aber, außer, sondern, statt, stattdessen, lieber, eher, eigentlich, warte, warten, warten sie,
      moment, stopp, stop, halt, ändern, anders, andere, anderen, falsch, ohne, vielleicht, eventuell,
      glaube, denke, vermutlich, wahrscheinlich, wohl, unsicher, möglicherweise, jein, später, was, wie,
      wieviel, warum, wieso, wann, wer, wo, welche, welcher, welches, oder, ob, wenn, falls`),
    neutral:
      phrases(`bitte, bitte schön, danke, danke schön, vielen dank, ach, äh, ähm, hm, mhm, gut,
      sehr gut, prima, super, das ist gut, so ist es, machen sie das, machen wir so, buchen sie`),
  },
  fr: {
    affirm: phrases(`oui, ouais, ok, okay, d'accord, exact, exactement, correct, tout à fait,
      bien sûr, absolument, c'est ça, c'est exact, c'est correct, c'est bon, volontiers, parfait,
      je confirme, entendu, certainement`),
    deny: phrases(`non, nan, ne, n', pas, jamais, aucun, aucune, rien, sans, mais, sauf, plutôt, au lieu,
      en fait, attendez, attends, attendre, arrêtez, stop, changer, changez, autre, faux, peut-être,
      pense, crois, probablement, sans doute, sûrement, si, moment, plus tard, quoi, que, quel, quelle,
      comment, combien, pourquoi, quand, qui, où, ou, est-ce`),
    neutral:
      phrases(`s'il vous plaît, s'il te plaît, merci, merci beaucoup, bien, très bien, allez-y,
      euh, ah, oh, mhm, faites, super`),
  },
  es: {
    affirm: phrases(`sí, ok, okay, vale, claro, correcto, exacto, exactamente, de acuerdo,
      por supuesto, perfecto, confirmo, así es, eso es, está bien, desde luego, seguro`),
    deny: phrases(`no, nunca, jamás, ni, nada, ningún, ninguna, sin, tampoco, pero, excepto, salvo, sino,
      mejor, en vez, en lugar, en realidad, espera, espere, momento, pare, alto, cambiar, cambia,
      cambie, otro, otra, mal, incorrecto, quizás, quizá, tal vez, creo, pienso, supongo, probablemente,
      a lo mejor, puede, después, qué, cómo, cuánto, cuánta, cuándo, por qué, quién, dónde, cuál, o`),
    neutral:
      phrases(`por favor, gracias, muchas gracias, bien, muy bien, bueno, adelante, eh, ah, oh,
      mhm, hágalo, resérvelo`),
  },
  it: {
    affirm:
      phrases(`sì, ok, okay, certo, certamente, esatto, esattamente, corretto, giusto, va bene,
      d'accordo, perfetto, confermo, assolutamente, naturalmente, volentieri`),
    deny: phrases(`no, non, mai, niente, nessuno, nessuna, senza, neanche, ma, però, tranne, invece,
      piuttosto, anzi, veramente, in realtà, aspetta, aspetti, attenda, momento, attimo, ferma, fermi, stop,
      cambiare, cambia, cambi, altro, altra, sbagliato, forse, magari, credo, penso, suppongo,
      probabilmente, dopo, cosa, che, come, quanto, quanta, perché, quando, chi, dove, quale, o, oppure`),
    neutral:
      phrases(`per favore, per piacere, grazie, grazie mille, bene, molto bene, benissimo, prego,
      ah, oh, eh, mhm, faccia pure`),
  },
  pt: {
    affirm:
      phrases(`sim, ok, okay, claro, certo, correto, exato, exatamente, com certeza, isso mesmo,
      está bem, tá bom, de acordo, perfeito, confirmo, confirmado, positivo`),
    deny: phrases(`não, nao, nunca, jamais, nem, nada, nenhum, nenhuma, sem, mas, porém, exceto, menos,
      em vez, na verdade, melhor, espera, espere, aguarde, momento, pare, mudar, muda, mude, trocar,
      outro, outra, errado, talvez, acho, creio, penso, suponho, provavelmente, depois, quê, que, como,
      quanto, quanta, por que, porquê, quando, quem, onde, qual, ou, se`),
    neutral:
      phrases(`por favor, obrigado, obrigada, muito obrigado, muito obrigada, bem, muito bem, bom,
      ótimo, pode marcar, ah, oh, é, hum, mhm`),
  },
  nl: {
    affirm:
      phrases(`ja, jawel, jazeker, ok, okay, oké, zeker, klopt, dat klopt, correct, precies, juist,
      inderdaad, natuurlijk, graag, akkoord, prima, in orde, dat is goed, dat is juist, ik bevestig`),
    deny: phrases(`nee, neen, niet, niets, geen, nooit, zonder, maar, behalve, in plaats, liever, eigenlijk,
      wacht, wachten, momentje, moment, stop, veranderen, verander, wijzigen, andere, anders, fout,
      verkeerd, misschien, denk, geloof, waarschijnlijk, wellicht, mogelijk, toch, later, wat, hoe,
      hoeveel, waarom, wanneer, wie, waar, welke, welk, als`),
    neutral:
      phrases(`alstublieft, alsjeblieft, dank u, dank je, dank u wel, dank je wel, bedankt, goed,
      heel goed, mooi, ga uw gang, eh, ah, oh, mhm`),
  },
  sv: {
    affirm:
      phrases(`ja, japp, jajamän, jo visst, ok, okay, okej, precis, just det, korrekt, stämmer,
      det stämmer, det är rätt, visst, absolut, självklart, gärna, javisst, jag bekräftar`),
    deny: phrases(`nej, nä, inte, ej, aldrig, ingen, inget, inga, utan, men, förutom, istället, hellre,
      snarare, egentligen, faktiskt, vänta, stopp, stanna, ändra, annan, annat, andra, fel, kanske, tror,
      tycker, antagligen, förmodligen, nog, möjligen, väl, ögonblick, senare, vad, hur, varför, när, vem,
      var, vilken, vilket, eller, om`),
    neutral: phrases(`tack, tack så mycket, snälla, bra, mycket bra, fint, eh, ah, oh, mhm,
      gör det`),
  },
  da: {
    affirm:
      phrases(`ja, jep, jo da, ok, okay, præcis, netop, korrekt, rigtigt, det er rigtigt, det passer,
      det stemmer, selvfølgelig, naturligvis, gerne, ja tak, helt sikkert, absolut, jeg bekræfter`),
    deny: phrases(`nej, næ, ikke, aldrig, ingen, intet, uden, men, undtagen, i stedet, hellere, snarere,
      egentlig, faktisk, vent, stop, øjeblik, ændre, anden, andet, andre, forkert, måske, tror, synes,
      sandsynligvis, formentlig, nok, vist, senere, hvad, hvordan, hvor, hvorfor, hvornår, hvem, hvilken,
      hvilket, eller, om, hvis`),
    neutral: phrases(`tak, mange tak, tusind tak, godt, fint, meget fint, værsgo, øh, ah, åh, mhm,
      gør det`),
  },
  no: {
    affirm: phrases(`ja, jepp, ok, okay, presis, nettopp, akkurat, korrekt, riktig, det er riktig,
      det stemmer, stemmer, selvfølgelig, gjerne, ja takk, absolutt, helt sikkert, jeg bekrefter`),
    deny: phrases(`nei, ikke, ikkje, aldri, ingen, intet, uten, men, unntatt, bortsett, i stedet, heller,
      egentlig, faktisk, vent, stopp, øyeblikk, endre, annen, annet, andre, feil, kanskje, tror, synes,
      sannsynligvis, antagelig, nok, visst, senere, hva, hvordan, hvor, hvorfor, når, hvem, hvilken,
      hvilket, eller, om, hvis`),
    neutral:
      phrases(`takk, mange takk, tusen takk, bra, fint, veldig bra, vær så god, øh, eh, ah, å,
      mhm, gjør det`),
  },
  fi: {
    affirm: phrases(`kyllä, joo, juu, ok, okei, okay, oikein, aivan, juuri niin, tottakai,
      selvä, sopii, se sopii, pitää paikkansa, vahvistan, ehdottomasti, tietysti`),
    deny: phrases(`ei, en, et, emme, ette, eivät, eikä, älä, älkää, ilman, mutta, paitsi, vaan, sen sijaan,
      mieluummin, oikeastaan, itse asiassa, odota, odottakaa, hetki, seis, muuta, vaihda, muuttaa, toinen,
      eri, väärin, väärä, ehkä, luulen, kai, varmaan, varmaankin, todennäköisesti, luultavasti, myöhemmin,
      mitä, mikä, miten, kuinka, miksi, milloin, kuka, missä, vai, tai, jos`),
    neutral:
      phrases(`kiitos, kiitoksia, kiitos paljon, hyvä, hienoa, oikein hyvä, olkaa hyvä, ole hyvä,
      no, öö, ai, mhm, niin`),
  },
  pl: {
    affirm: phrases(`tak, ok, okay, okej, dokładnie, zgadza się, oczywiście, jasne, pewnie, zgoda,
      potwierdzam, poprawnie, właśnie tak, w porządku, jak najbardziej`),
    deny: phrases(`nie, nigdy, żaden, żadna, bez, ale, oprócz, zamiast, raczej, właściwie, czekaj, poczekaj,
      proszę czekać, proszę poczekać, chwila, chwileczkę, moment, stop, zmień, zmienić, inny, inna, inne,
      źle, błąd, może, chyba, myślę, sądzę, prawdopodobnie, później, co, jak to, ile, dlaczego, kiedy,
      kto, gdzie, który, która, czy, lub, albo, jeśli`),
    neutral:
      phrases(`proszę, proszę bardzo, dziękuję, dziękuję bardzo, dzięki, dobrze, bardzo dobrze,
      super, ach, och, mhm`),
  },
  ru: {
    affirm: phrases(`да, ага, ок, окей, ok, конечно, верно, правильно, точно, согласен, согласна,
      подтверждаю, именно, всё верно, все верно, всё правильно, разумеется, безусловно`),
    deny: phrases(`нет, не, ни, никогда, неа, без, но, кроме, вместо, лучше, вообще-то, на самом деле,
      подождите, подожди, погодите, погоди, минуту, секунду, стоп, стой, стойте, измените, изменить,
      поменяйте, другой, другое, другая, неправильно, может, возможно, наверное, наверно, вероятно, думаю,
      кажется, вроде, потом, что, как, сколько, почему, зачем, когда, кто, где, какой, какая, или, ли,
      если, неверно`),
    neutral: phrases(`пожалуйста, спасибо, спасибо большое, большое спасибо, хорошо, очень хорошо,
      отлично, ну, ой, ах, угу, давайте`),
  },
  uk: {
    affirm:
      phrases(`так, ага, ок, окей, ok, звичайно, звісно, вірно, правильно, точно, згоден, згодна,
      підтверджую, саме так, все вірно, все правильно, безумовно`),
    deny: phrases(`ні, не, ніколи, без, але, крім, замість, краще, насправді, зачекайте, зачекай, почекайте,
      почекай, хвилинку, секунду, стоп, стій, змініть, змінити, інший, інше, інша, неправильно, невірно,
      може, можливо, мабуть, напевно, певно, думаю, здається, потім, що, як, скільки, чому, навіщо, коли,
      хто, де, який, яка, або, чи, якщо`),
    neutral: phrases(
      `будь ласка, дякую, дуже дякую, добре, дуже добре, чудово, ну, ой, ах, угу, давайте`,
    ),
  },
  tr: {
    affirm:
      phrases(`evet, tamam, ok, okey, doğru, kesinlikle, tabii, tabii ki, elbette, onaylıyorum,
      aynen, aynen öyle, kabul, kabul ediyorum, olur`),
    deny: phrases(`hayır, yok, değil, olmaz, istemiyorum, asla, hiç, ama, fakat, ancak, hariç, yerine,
      aslında, bekle, bekleyin, bir dakika, bir saniye, dur, durun, değiştir, değiştirin, başka, farklı,
      yanlış, belki, sanırım, galiba, herhalde, muhtemelen, düşünüyorum, sonra, ne, nasıl, kaç, neden,
      niye, ne zaman, kim, nerede, hangi, mi, mı, mu, mü, veya, ya da, eğer`),
    neutral:
      phrases(`lütfen, teşekkürler, teşekkür ederim, çok teşekkürler, sağ olun, güzel, iyi, çok iyi,
      buyurun, ah, şey, hı hı`),
  },
  ja: {
    affirm:
      phrases(`はい, ええ, そうです, その通りです, そのとおりです, お願いします, おねがいします,
      お願い致します, お願いいたします, もちろん, もちろんです, オーケー, オーケーです, ok, okです,
      合っています, 合ってます`),
    deny: phrases(`いいえ, いえ, いや, ない, 違い, 違う, ちが, だめ, ダメ, でも, けど, 待, まって, やめ,
      やっぱり, やはり, たぶん, 多分, 思い, 思う, かも, かな, ですか, ますか, そうですね, ええと, えーと,
      えっと, 変え, 変更, 他, 別, じゃなく, ではなく, 以外, 何, なに, なん, いくら, いつ, なぜ, どうして,
      どこ, どれ, どの, 誰, あとで, 後で, 結構`),
    neutral: phrases(
      `ありがとう, ありがとうございます, どうぞ, それで, どうも, うん, です, よろしく`,
    ),
  },
  zh: {
    affirm:
      phrases(`是, 是的, 是啊, 对, 對, 对的, 對的, 好, 好的, 好啊, 可以, 可以的, 行, 确认, 確認,
      正确, 正確, 当然, 當然, 当然可以, 當然可以, 同意, ok`),
    deny: phrases(`不, 没, 沒, 别, 別, 勿, 非, 但, 可是, 然而, 除了, 等, 停, 慢, 改, 换, 換, 其实, 其實,
      还是, 還是, 而是, 错, 錯, 也许, 也許, 可能, 大概, 或, 应该, 應該, 好像, 觉得, 覺得, 想, 吗, 嗎, 呢,
      吧, 什么, 什麼, 怎么, 怎麼, 怎样, 多少, 几, 幾, 何, 谁, 誰, 哪, 要是, 如果, 算了`),
    neutral:
      phrases(`谢谢, 謝謝, 谢谢你, 謝謝你, 多谢, 多謝, 请, 請, 麻烦你, 麻煩你, 麻烦您, 麻煩您,
      嗯, 哦, 啊, 的`),
  },
  ar: {
    affirm:
      phrases(`نعم, أيوه, ايوا, أجل, صحيح, هذا صحيح, موافق, موافقة, تمام, أكيد, بالتأكيد, طبعا,
      بالطبع, أؤكد, اوكي, ok`),
    deny: phrases(`لا, لأ, ليس, ليست, لم, لن, مش, مو, ما, كلا, أبدا, غير, بدون, لكن, ولكن, بس, إلا, بدل,
      بدلا, في الواقع, انتظر, انتظري, لحظة, دقيقة, توقف, غيّر, تغيير, آخر, أخرى, خطأ, غلط, ربما, يمكن,
      أظن, أعتقد, محتمل, إن شاء الله, بعدين, لاحقا, ماذا, كيف, كم, لماذا, ليش, متى, أين, أي, هل, أو,
      أم, إذا, لو`),
    neutral: phrases(`شكرا, شكرا جزيلا, شكرا لك, من فضلك, تفضل, تفضلي, حسنا, جيد, ممتاز`),
  },
}
