/** What the server says, in the page's language: it speaks English, and so do clients that are no page. */

import { language, say } from "./language.js";

/** Sentences of the server, and what they are in Hindi: `{1}` is the pattern's first group, a group `field` a field's key. */
const HINDI = [
  [/^The server cannot be reached\.$/, "सर्वर से संपर्क नहीं हो रहा।"],
  [/^The server did not answer within ([\d.]+) s\.$/, "सर्वर ने {1} से. में उत्तर नहीं दिया।"],
  [/^The server's answer is not JSON\.$/, "सर्वर का उत्तर पढ़ने योग्य नहीं है।"],
  [/^The server answered (\d+) without saying why\.$/, "सर्वर ने कारण बताए बिना मना किया ({1})।"],
  [/^(.+), (officer|supervisor|auditor), may not .+\.$/s, "{1} को इसकी अनुमति नहीं है।"],
  [/^At most (\d+) requests per minute are answered\.$/, "एक मिनट में {1} से अधिक अनुरोध नहीं लिए जाते: थोड़ी देर में फिर करें।"],

  [/^There is no session .+\.$/s, "ऐसा कोई सत्र नहीं है।"],
  [/^There is no report .+\.$/s, "ऐसी कोई रिपोर्ट नहीं है।"],
  [/^The idempotency key was used for another complaint\.$/, "यह शिकायत दूसरे शब्दों में पहले भेजी जा चुकी है।"],
  [/^This was answered already, by (.+): \w+\.$/s, "इसका उत्तर पहले ही दिया जा चुका है: {1}।"],
  [/^What was shown under this token is not what is there now\.$/, "अब कुछ और दिखाया गया है: फिर से देखें।"],
  [/^Somebody else (?:changed the report|has changed the fields|went on) meanwhile\b.*$/s, "इस बीच किसी और ने बदल दिया: फिर से देखें।"],
  [/^The session changed while its stage began\.$/, "इस बीच सत्र बदल गया।"],
  [/^(\w+) is still being made\.$/, "{step} अभी बन रहा है।"],
  [/^(\w+) is not there after [\d.]+ s\. It goes on: ask again\.$/, "{step} अभी बन रहा है: थोड़ी देर में फिर देखें।"],
  [/^There is no (\w+) yet that could be made again\.$/, "{step} अभी बना ही नहीं है।"],
  [/^There is nothing to reject: the stage gave no result\.$/, "अस्वीकार करने को कुछ नहीं है: यह चरण नहीं बन सका।"],
  [/^No model makes \w+: it cannot be made again\.$/, "इसे कोई मॉडल नहीं बनाता: यह फिर से नहीं बन सकता।"],
  [/^The report is sealed and does not change any more\.$/, "रिपोर्ट पर मुहर लग चुकी है: अब वह नहीं बदलती।"],
  [/^The report is filed already\.$/, "रिपोर्ट पहले ही दर्ज है।"],
  [/^The report has changed since it was sealed: seal it again\.$/, "मुहर के बाद रिपोर्ट बदल गई: फिर से दर्ज करें।"],
  [/^Report (.+) is not filed yet\.$/, "रिपोर्ट {1} अभी दर्ज नहीं हुई।"],
  [/^There is no report yet: .+\.$/s, "अभी कोई रिपोर्ट नहीं बनी है।"],
  [/^The last gate has not been passed\.$/, "अंतिम चरण अभी स्वीकार नहीं हुआ है।"],
  [/^The last gate was passed: nothing waits for an answer\.$/, "अंतिम चरण स्वीकार हो चुका है: अब कोई उत्तर शेष नहीं।"],
  [/^Nobody answered for too long: the session must be reopened first\.$/, "बहुत समय तक किसी ने उत्तर नहीं दिया: पहले सत्र को आगे बढ़ाएँ।"],
  [/^(?:It has not expired|Nothing of it has waited for so long)\.$/, "सत्र का समय समाप्त नहीं हुआ है।"],
  [/^A report that is \w+ may become .+, but not .+\.$/s, "रिपोर्ट अभी जहाँ है, वहाँ से इस स्थिति में नहीं जा सकती।"],
  [/^Field `(?<field>\w+)` follows from the gates\b.*$/s, "खाना “{field}” चरणों से बनता है: उसे चरण में बदलें।"],

  [/^Field `(?<field>\w+)` is required, and nobody has said it\.$/, "“{field}” आवश्यक है, और किसी ने नहीं बताया।"],
  [/^Field `(?<field>\w+)` is required, but says only ['"](.*)['"]\.$/s, "“{field}” आवश्यक है, पर उसमें केवल “{2}” लिखा है।"],
  [/^The check of (.+) gave no answer: an officer must decide, with a reason\.$/s, "{1} की जाँच का उत्तर नहीं मिला: अधिकारी कारण सहित निर्णय करें।"],
  [/^Member `auth_key` must be the key for filing, but is not\.$/, "दर्ज करने की कुंजी ठीक नहीं है।"],
  [/^No report is filed by number here\b.*$/s, "थाने ने दर्ज करने की कुंजी नहीं रखी है।"],
  [/^The PDF was not (?:handed out|made)\b.*$/s, "PDF नहीं दी गई: उसमें छपा पाठ वही नहीं पढ़ा गया जो लिखा गया था।"],
  [/^Font .+ is not installed\b.*$/s, "देवनागरी का फ़ॉन्ट स्थापित नहीं है: रिपोर्ट नहीं छप सकती।"],

  [/^Argument `text` must have (\d+) to ([\d,]+) characters, but has ([\d,]+)\.$/, "शिकायत में {1} से {2} अक्षर चाहिए, पर {3} हैं।"],
  [/^Argument `user_input` must have at most ([\d,]+) characters, but has ([\d,]+)\.$/, "टिप्पणी में अधिकतम {1} अक्षर हो सकते हैं, पर {2} हैं।"],
  [/^Argument `reason` must say why, but is empty\.$/, "कारण लिखना आवश्यक है।"],
  [/^The (?:upload|recording|picture|file) must have at most ([\d,]+) bytes, but has ([\d,]+)\.$/, "फ़ाइल अधिकतम {1} बाइट की हो सकती है, पर {2} की है।"],
  [/^The (?:recording|picture) must have a content, but is an empty file\.$/, "फ़ाइल खाली है।"],
  [/^The (?:name|type) of the recording must .+$/s, "रिकॉर्डिंग WAV या MP3 होनी चाहिए।"],
  [/^The (?:name|type) of the picture must .+$/s, "चित्र JPEG या PNG होना चाहिए।"],
  [/^The (?:recording|picture) must be (WAV|JPEG) or (MP3|PNG), but .+$/s, "फ़ाइल {1} या {2} नहीं है, उसका नाम जो भी हो।"],

  [/^(\w+) could not be made: (.+)$/s, "{step} नहीं बन सका: {rest}"],
  [/^The model wrote no whole sentence within (\d+) tokens\.$/, "मॉडल ने {1} टोकन में एक भी पूरा वाक्य नहीं लिखा।"],
  [/^No words were found in it\.$/, "इसमें कोई शब्द नहीं मिला।"],
  [/^(?:No|This service takes no) recordings\b.*$/s, "यहाँ रिकॉर्डिंग नहीं ली जाती: शिकायत टंकित करें।"],
  [/^(?:No|This service takes no) pictures\b.*$/s, "यहाँ चित्र नहीं लिए जाते: शिकायत टंकित करें।"],
  [/^What hears and reads failed again and again\b.*$/s, "सुनने और पढ़ने वाला सर्वर बार-बार विफल हुआ: शिकायत टंकित करें, या बाद में फिर करें।"],
  [/^No text can be written here: .+$/s, "यहाँ कोई भाषा-मॉडल नहीं है: पाठ आप स्वयं लिखें।"],
  [/^The model failed again and again\b.*$/s, "मॉडल बार-बार विफल हुआ: थोड़ी देर में फिर से बनाएँ, या स्वयं लिखें।"],
  [/^Its work ended without a result\.$/, "यह काम बिना परिणाम के समाप्त हुआ: फिर से बनाएँ।"],
  [/^Every attempt at it ended with its worker\b.*$/s, "हर प्रयास बीच में रुक गया: फिर से बनाएँ।"],
  [/^\w+ in the stage\.$/, "इस चरण में त्रुटि हुई: फिर से बनाएँ, या स्वयं लिखें।"],

  [/^no answer within ([\d.]+) s$/, "{1} से. में उत्तर नहीं मिला"],
  [/^the model is unsure: (\d+%) for yes$/, "मॉडल निश्चित नहीं: हाँ की संभावना {1}"],
  [/^the model says no to the first (\d+) characters, and read no more$/, "मॉडल ने पहले {1} अक्षरों पर नहीं कहा, और आगे नहीं पढ़ा"],
  [/^no language model is set up to check it$/, "जाँच के लिए कोई भाषा-मॉडल नहीं है"],
  [/^the check failed with \w+$/, "जाँच विफल हुई"],
  [/^(?:timed_out|cancelled): .+$/s, "समय रहते उत्तर नहीं मिला"],
  [/^(?:unreachable|refused|in_band_error|protocol_error|malformed|empty|cut|filtered): .+$/s, "मॉडल ने उत्तर नहीं दिया"],
  [/^yes$/, "हाँ"],
  [/^no$/, "नहीं"],
  [/^varies$/, "उपधारा के अनुसार"],
  [/^depends$/, "मुख्य अपराध के अनुसार"],
  [/^any Magistrate$/, "कोई भी मजिस्ट्रेट"],
  [/^Magistrate of the first class$/, "प्रथम वर्ग मजिस्ट्रेट"],
  [/^Court of Session$/, "सत्र न्यायालय"],
  [/^the Court of the main offence$/, "मुख्य अपराध का न्यायालय"],
  [/^the Court in which it is committed, or any Magistrate$/, "वह न्यायालय जहाँ अपराध हुआ, या कोई भी मजिस्ट्रेट"],
  [/^description by SynQc contributors, not the statute's text$/, "SynQc के योगदानकर्ताओं का विवरण, विधि का पाठ नहीं"],
];

const MORE_OBSTACLES = /^The report cannot be filed: (.+)$/s;
const NEXT_OBSTACLE = /(?<=\.) (?=Field `|The check of )/;

/** In the page's language, with the names that it has for fields; in Hindi what is not known is quoted. @param labels - of fields, by key */
export function serverWords(words, labels = new Map()) {
  if (!words) return words;
  if (language() === "en") return words.replace(/Field `(\w+)`/g, (whole, key) => (labels.has(key) ? `“${labels.get(key)}”` : whole));
  return inHindi(words, labels) ?? say("server_says", { words });
}

/** What an error says, after what was tried. */
export function failed(what, error, labels) {
  return `${what}: ${serverWords(error.message, labels)}`;
}

function inHindi(words, labels) {
  const obstacles = MORE_OBSTACLES.exec(words)?.[1].split(NEXT_OBSTACLE);
  if (obstacles) return `रिपोर्ट दर्ज नहीं हो सकती: ${obstacles.map((one) => serverWords(one, labels)).join(" ")}`;
  for (const [pattern, hindi] of HINDI) {
    const found = pattern.exec(words);
    if (found) return hindi.replace(/\{(\w+)\}/g, (_, place) => placed(place, found, labels));
  }
  return null;
}

function placed(place, found, labels) {
  if (place === "field") return labels.get(found.groups.field) ?? found.groups.field;
  if (place === "step") return /_review$/.test(found[1]) ? say(found[1]) : found[1];
  if (place === "rest") return serverWords(found[2], labels);
  return found[Number(place)];
}
