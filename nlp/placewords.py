"""Closed word lists that tell how a name stands in a sentence: prepositions, kind words, persons, demonstratives. All folded.

The lists are general grammar of six languages (fr, en, es, it, pt, de), not gazetteer data; each is small enough to be read.
"""

from __future__ import annotations

from typing import Final


def _set(words: str) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words.split())


LOCATIVE: Final = _set(
    "a au aux vers sur sous dans chez entre jusqu pres proche autour devant derriere cote centre dept direction "
    "in at near around outside inside across through throughout over downtown central northern southern eastern "
    "western "
    "north south east west northeast northwest southeast southwest along between towards toward into onto via off thru nr ds "
    "en cerca hacia desde sobre entre por "
    "nel nella nello nell al allo alla ai agli presso vicino verso "
    "em no na nos nas perto ate "
    "in bei nahe nach uber um"
)
"""Words after which a name is very likely a place."""

SURE_PREPOSITIONS: Final = _set("in near outside around en em in bei")
"""Prepositions behind which even an unknown capitalised name is likely a place, when no article stands between."""

ORGANISATIONS: Final = frozenset(
    {
        b"red cross",
        b"croix rouge",
        b"blue cross",
        b"supreme court",
        b"high court",
        b"stock market",
        b"super market",
    }
)
"""Pairs of words that look like a place with its kind word."""

GENITIVE: Final = _set("de du d des of di del della dello dell degli da do dos das von from depuis s")
"""Words after which a name is rather likely a place ("maire de", "the city of")."""

ORIGIN: Final = _set("depuis from desde dalla dal vu entendu")
"""Words that say where the speaker stands, not where the thing is: the place is real but wider."""

TOWARDS: Final = _set("vers direction towards toward hacia verso nach to richtung direccion direzione direcao sentido")
"""Words that give a direction: the thing is on the way to the place."""

NEAR: Final = _set(
    "near nr outside around close next pres proche autour environs alentours proximite loin limite peripherie abords "
    "cerca vicino presso pressi nahe bei nei perto arredores"
)
"""Words that say that the thing is by the place and not in it."""

COMPASS: Final = _set(
    "north south east west northeast northwest southeast southwest nord sud est ouest norte sur este oeste"
)
"""Directions: "north of X" lies outside of X, "in the north of X" inside."""

LIKENESS: Final = _set("like remember remembering comme rappelle souvenez como come wie recuerda ricorda")
"""Words that name a place as an example of another time or place ("like in X", "comme à X")."""

NEWSROOM: Final = _set(
    "news cbs nbc abc fox bbc cnn ktvt wfaa itv radio scanner herald tribune gazette chronicle observer newspaper "
    "journal bfm noticias noticiario notizie nachrichten"
)
"""Words beside a place that make a newsroom of it ("CBS Dallas", "Dallas News"): it tells, it is not where the thing is."""

NEWSPAPER: Final = _set(
    "times post globe examiner telegraph mercury argus echo standard matin mag actu dispatch sentinel register courier"
)
"""The same, with a capital, right behind the place ("Boston Globe", "Nice-Matin")."""

NEWSPAPER_OF: Final = _set(
    "voix journal gazette gazzetta diario corriere giornale nuova provincia eco echo courrier depeche "
    "republique heraldo tageblatt"
)
"""The same, with a capital, before the place and its "of" ("La Voix du Nord", "Gazzetta di Modena")."""

PAPERS: Final = frozenset(
    {b"ouest france", b"france bleu", b"france info", b"france televisions", b"paris normandie", b"paris match"}
)
"""Newsrooms whose name is a place's and another word."""

AND: Final = _set("et and y e und")
"""What joins two names."""

BETWEEN: Final = _set("entre between tra fra zwischen")
"""Words before two places that the thing lies between."""

AGENCIES: Final = _set(
    "sdis samu codis police policia polizia polizei carabinieri gendarmerie feuerwehr berufsfeuerwehr rettungsdienst leitstelle "
    "landratsamt bergwacht wasserwacht brigade maire prefet prefete mayor sindaco alcalde alcaldesa alcaldia prefeito prefeita "
    "burgermeister sheriff council fd pd pompiers bomberos bombeiros"
)
"""Institutions and their heads that bear the name of their ground and speak of it."""

CREWS: Final = _set(
    "firefighters firemen paramedics officers policiers gendarmes firefighter fireman paramedic officer pompier policier gendarme bombero "
    "bombeiro"
)
"""The people of such institutions: they also go elsewhere, and one of them may be hurt anywhere."""

SERVICE: Final = AGENCIES | CREWS
"""People and services that bear the name of their town."""

ELSEWHERE: Final = _set(
    "send sends sending sent deploy deploys deployed deploying head heads headed heading assist assists assisting assistance mutual "
    "renfort renforts part partent partis viennent venir envoie envoient envoyes envia envian enviara enviaran enviados desplazan van "
    "viajan refuerzo refuerzos apoyo inviati inviano partono partiti rinforzi vanno reforco enviou unterwegs verstarkung unterstutzt "
    "unterstutzung"
)
"""Words behind a service that goes to help somewhere else."""

DETERMINERS: Final[dict[str, frozenset[bytes]]] = {
    "fr": _set("un une mon ma mes ton ta tes son sa ses leur leurs aucun aucune chaque quel quelle"),
    "en": _set("a an my your his her its another every each"),
    "es": _set("un una unos unas mi mis tu tus su sus ningun ninguna otro otra cada"),
    "it": _set("un uno una mio mia tuo tua suo sua nessun nessuna ogni altro altra"),
    "pt": _set("um uma uns umas meu minha teu tua seu sua nenhum nenhuma outro outra cada"),
    "de": _set("ein eine einen einem einer mein meine dein deine sein seine kein keine"),
}
"""Words by language that make a plain noun of what follows ("un milagro"): few write "a Lyon" of the town."""

ARTICLES: Final = _set("le la les l the el los las lo il gli i o os as der die das den dem")
"""Articles: looked through when the word before a name is asked for."""

TOWN_ARTICLES: Final[dict[str, frozenset[bytes]]] = {
    "fr": _set("le la les l"),
    "es": _set("el la los las"),
    "it": _set("il lo la gli le i l"),
    "de": _set("der die das den dem des im am zum zur vom beim"),
}
"""Articles by language that stand before no town unless they are in its name ("La Rochelle", "Le Mans").

Not in English: there they belong to what follows ("the Boston police").
"""

LOCAL_NOUNS: Final = _set(
    "ville commune village quartier centre secteur region departement province canton ile faubourg banlieue agglo "
    "agglomeration metropole mairie plage port cote littoral nord sud est ouest hauteur niveau environs alentours "
    "proximite "
    "city town village district area county state province island region suburb coast centre center downtown "
    "residents people "
    "ciudad pueblo barrio provincia isla costa citta comune isola cidade bairro ilha stadt"
)
"""Nouns that announce a place when "de/of" follows them ("le quartier de", "the city of")."""

STREET_BEFORE: Final = _set(
    "rue av ave avenue bd bld blvd boulevard place pl quai quais cours allee allees impasse chemin rond square passage "
    "esplanade parvis montee rampe venelle sente ruelle pont viaduc passerelle tunnel rocade carrefour giratoire "
    "cite tour dalle butte jardin parc calle avenida plaza paseo puente carrer rua praca "
    "ponte via viale piazza corso largo strasse salle chapelle "
    "collegiale halle galerie galeries ile iles quartier secteur lieu hameau "
    "bois lac riviere fleuve col mont vallee gorges massif presqu pointe cap baie anse barrage canal marais "
    "za zi zac technopole "
)
"""Kind words that stand before a name (fr, es, it, pt): the name behind them belongs to the thing, it is no town of that name."""

QUARTER_KINDS: Final = _set("quartier secteur cite barrio bairro quartiere faubourg")
"""Kind words that make a part of a town of the name behind them."""

SITE_BEFORE: Final = _set(
    "bar cafe resto restaurant brasserie hotel immeuble maison centre zone residence mosquee synagogue ehpad "
    "marche musee theatre cinema eglise cathedrale basilique college ecole caserne prison campus halles cantine "
    "mediatheque bibliotheque piscine gymnase kermesse foire carnaval "
    "gare aeroport hopital chu chr ch clinique lycee universite fac faculte stade arena zenith port peage aire sortie "
    "echangeur diffuseur bahnhof ausfahrt anschlussstelle flughafen klinikum krankenhaus casello svincolo "
    "prefecture mairie tribunal palais chateau citadelle estacion aeropuerto hospital stazione aeroporto ospedale "
    "estacao stadio "
    "estadio metro tram tramway arret station rer ter route foret plage campus centrale usine raffinerie lac etang "
    "barrage"
)
"""Kind words whose name is often that of their town ("gare de Rennes", "route de Parthenay"): the thing is in or near it."""

BEFORE: Final = STREET_BEFORE | SITE_BEFORE
"""All kind words that stand before their name."""

LOWER_KINDS: Final = _set("rue avenue av bd boulevard quai pont stade gare hopital lycee tunnel place route viaduc")
"""Kind words after which even a lower-case word is the name."""

LOWER_STREETS: Final = _set("street st road rd avenue ave lane boulevard blvd square")
"""Words that make a street of the name before them even without a capital ("at jackson square")."""

PLAIN_ADJECTIVES: Final = _set(
    "whole entire other along across middle front behind busy quiet narrow empty local residential closed blocked "
    "flooded opposite whose every"
)
"""English words before "road" or "street" that are no name."""

VAGUE_KINDS: Final = _set(
    "centre salle cours passage bar cafe restaurant resto brasserie immeuble maison marche pointe tour cite metro "
    "zone bois "
    "jardin hotel college cinema residence ecole eglise musee theatre parc usine prison campus mont col cote bus "
    "rer ter tram"
)
"""Kind words that also stand before much that is no name."""

STREET_AFTER: Final = _set(
    "street st road rd avenue ave lane ln drive dr boulevard blvd square sq terrace court ct crescent close quay row "
    "highway hwy parkway pkwy bridge tunnel park gardens station airport hospital stadium arena university college "
    "school "
    "church mall market mills mill castle tower towers house hotel hall centre center library museum island islands "
    "river "
    "creek lake bay beach harbour harbor hill hills mountain mountains valley canyon forest reservoir dam county "
    "parish "
    "district province township borough heights estate green common cross junction interchange docks dock pier "
    "services place plaza wharf campus building clinic airfield barracks"
)
"""Kind words that stand after a name (en): "Kirkstall Road", "Bute Park"."""

REGION_AFTER: Final = _set(
    "county parish district province state township borough region island islands governorate prefecture"
)
"""Kind words after a name that keep it a town's or a region's ("Butte County", "Ernakulam district")."""

CONNECTORS: Final = _set("de du d des la le les l a au aux of the and del della di da do dos das")
"""Small words inside a long name ("rue de la République")."""

SITE_AFTER: Final = _set("station airport hospital university college services stadium")
"""Kind words after a name that is often the town's ("Leeds station")."""

HYPHEN_BEFORE: Final = _set("ex tgv anti pro non nord sud est ouest inter trans mid north south east west")
"""Words that a hyphen may tie to a place without changing it."""

STORM_WORDS: Final = _set("hurricane hurricanes typhoon cyclone tempete storm ouragan huracan uragano")
"""Words whose follower is the given name of a storm."""

NOT_NAMES: Final = _set(
    "breaking police army government president minister news tv radio reuters bbc cnn afp obama trump macron ebola "
    "malaria "
    "christmas muslim muslims christian english french spanish german american british russian chinese bible border "
    "feb jan mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun category protest riot"
)
"""Capitalised words that stand behind "in" or "on" and are no places."""

MACRO: Final = _set(
    "africa afrique europe europa asia asie america americas amerique oceania oceanie antarctica caribbean caraibes "
    "mideast scandinavia balkans sahel maghreb antilles pacific atlantic mediterranean mediterranee atlantique "
    "pacifique midwest pacifico oceano atlantico caribe mediterraneo latinoamerica centroamerica sudamerica "
    "norteamerica arctic eu "
) | frozenset(
    pair.replace(b"_", b" ")
    for pair in _set(
        "middle_east moyen_orient proche_orient latin_america amerique_latine north_america south_america central_america "
        "west_africa east_africa north_africa southeast_asia south_asia new_england bay_area gulf_coast east_coast "
        "west_coast oceano_pacifico north_sea european_union union_europeenne western_hemisphere "
    )
)
"""Continents, seas and other parts of the world that are no place of an incident."""

RISKY_CODES: Final = _set(
    "in to ok or me hi oh pa ma la de id mt ct co al as an so no is at be it my by do go he il ga ne mo sc sd va vt "
    "wa ia in ar"
)
"""Codes in capitals that are also words, or "modified tweet": they need a name right before them ("Gary, IN")."""

TITLES: Final = _set(
    "m mr mrs ms mme mlle dr pr prof sir lord lady saint pape pope president presidente ministre minister maire mayor "
    "senator senateur gov governor general colonel capitaine captain sgt judge prince princess roi reine king queen "
    "coach "
    "docteur madame monsieur maitre depute sheriff chief senor senora senhor senhora srta sra sr signor "
    "signora frau herr companero companera cro cra don dona dom dra dottor dottoressa presidenta ministra ministro "
    "gobernador gobernadora governador governadora alcalde alcaldesa prefeito prefeita sindaco diputado diputada "
    "deputado deputada senador senadora vocero vocera portavoz onorevole bundeskanzler kanzlerin "
    "hurricane typhoon cyclone tempete "
    "storm ouragan huracan tropical uragano"
)
"""Words before a person's name, or before the given name of a storm."""

SPORT_CLUB: Final = _set(
    "fc as olympique stade racing united rovers athletic athletico real atletico inter om psg ol asse sporting"
)
"""Words beside a name that make it a club."""

CLUB_AFTER: Final = _set("united rovers wanderers fc albion hotspur knights eagles saints vs v athletic")
"""Words right after a name that make it a club."""

DIRECTIONS: Final = _set(
    "nord sud est ouest centre ville north south east west central downtown upper lower greater haut bas haute "
    "basse vieux "
    "norte sur este oeste centro sul northern southern eastern western"
)
"""Words that cut a part of a named place without changing its name ("Mantes-Sud", "South London")."""

NOT_PLACES: Final = _set(
    "un une deux trois quatre cinq six sept huit neuf dix cent mille on il elle nous vous ils elles moi toi lui eux "
    "je tu me te "
    "et ou ni mais donc or car que qui quoi dont si oui non pas plus moins tres trop bien mal tout tous toute rien "
    "lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre "
    "octobre "
    "novembre decembre monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july "
    "august september october november december lunes martes miercoles jueves viernes sabado domingo "
    "the this that these those here there he she it we you they his her our your their my and but or not no yes is "
    "are was were "
    "be been have has had do does did will would can could should may might must what when where why how who whom "
    "which if then "
    "so as by for with about against during before after above below from up down out off again further once all "
    "any both each "
    "few more most other some such only own same than too very just now today tonight tomorrow yesterday morning "
    "afternoon "
    "evening night day week hurricane cyclone coast island bank bay cross category marche sale emergency valley "
    "lake river month year time lol omg wtf rt via breaking update news live photo photos video alerte alert urgent "
    "info infos flash direct merci bonjour bonsoir salut please thanks god dieu jesus noel christmas easter paques "
    "police pompiers samu gendarmes firefighters fire feu incendie seisme earthquake tremblement flood inondation "
    "tornade tornado tempete storm explosion attentat attack accident fusillade shooting crash eboulement landslide "
    "love hope pray help best good great new old big little home house street road hier demain ce cet cette ces mon "
    "ton son ma "
    "ta sa mes tes ses notre votre leur nos vos leurs de du des la le les au aux en dans sur par pour sans sous "
    "avec chez vers "
    "ya il y avait est sont etait etaient fait faire va vont aller voir vu dit dire"
)
"""Words that are never a place alone, whatever the gazetteer says (function words, days, months, events, newsroom labels)."""

GENERIC_PARTS: Final = (
    DIRECTIONS
    | BEFORE
    | STREET_AFTER
    | _set(
        "saint sainte saints st ste san santa santo sankt grand grande petit petite neuf neuve nouveau nouvelle plaine "
        "plateau vallon clos mairie eglise poste new old upper lower town village green woods industrial industriel "
        "pointe rive rives moulin ferme domaine parc neustadt altstadt bahnhof zentrum oberdorf unterdorf dorf feld"
    )
)
"""Words in names of parts of towns that many towns have ("Saint-Marc", "Le Moulin", "Oberdorf")."""

GIVEN_NAMES: Final = _set(
    "adam adele adrian alain albert alex alexander alexandre alexis alice amanda amy ana andre andrea andrew angela "
    "anna anne "
    "annie anthony antoine arthur ashley barbara ben benjamin bernard beth bill billy bob brad brandon brian "
    "britney "
    "bruno camille carl carla carlos carol caroline catherine cecile chad charles charlie charlotte chelsea chloe "
    "chris "
    "christian christine christophe claire claude clement craig dan daniel david dean debbie denis diana didier "
    "diego dominique "
    "don donald doug dylan ed eddie edgar edward elizabeth elise ellen emily emma enzo eric erin ernest etienne eva "
    "evan "
    "fabien fabrice felix fernando florence florian francis francisco francois frank fred frederic gabriel gareth "
    "gary georges "
    "george gerard gilles giorgio giovanni glen gordon grace graham greg guillaume gustave guy hannah harry heather "
    "helen helene "
    "henri henry hugo ian isaac isabelle ivan jack jackson jacob jacques james jamie jane janet jason jean jeff "
    "jennifer "
    "jenny jeremy jerome jerry jesse jessica jill jim jimmy joan joe joel joey john johnny jon jonathan jordan "
    "jorge jose "
    "joseph josh joshua juan jules julia julie julien justin karen karim karl kate katie katy keith kelly ken kevin "
    "kim kyle "
    "lady larry laura laurent lea leo leon lewis liam lily linda lindsay lisa logan lola louis louise luc lucas "
    "lucie lucy luis "
    "luke madison maggie manon marc marcel marco marcus margaret maria marie marine mario marion mark martin "
    "martine mary "
    "mathieu matt matthew maurice max megan mel melissa michael michel michelle miguel mike miley mohamed monica "
    "morgan nancy "
    "natalie nathan neil nelson nicholas nick nicolas nicole noah nora olivia olivier oscar pablo pamela "
    "pascal patrice "
    "patricia patrick paul paula pauline pedro peter phil philippe pierre rachel ralph raymond rebecca rene ricardo "
    "richard rick "
    "rob robert roberto robin roger romain ron rose ross roy ruth ryan sally sam samantha samuel sandra sara sarah "
    "scott sean "
    "sebastien selena serge sharon simon sophie stan stephane stephanie stephen steve steven stuart sue susan "
    "sylvie "
    "tara taylor ted teresa terry theo thierry thomas tiffany tim timothy todd tom tommy tony tracy travis trevor "
    "tyler valerie "
    "vanessa vanilla victor victoria vincent virginia virginie walter warren wayne wendy will william willie xavier "
    "yann yves zach zoe "
    "harvey irma idai irene katrina sandy rita wilma ike ciara ciaran dennis eunice xynthia klaus lothar domingos "
    "aline babet isha ophelia "
    "desmond eleanor gertrude fani amphan haiyan yolanda dorian jose ida laura sally zeta iota eta obama trump bush "
    "clinton reagan kennedy "
    "carter lincoln biden macron hollande sarkozy chirac merkel putin cameron blair thatcher"
)
"""Frequent given names: beside another capitalised name they make a person of it."""

ADVERT_AFTER: Final = _set("hilton jackson match soir matin saint")
"""Words that turn the name before them into something else ("Paris Hilton", "Nice-Matin", "Paris Match")."""
