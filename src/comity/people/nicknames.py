"""Forms of one given name: nicknames and translations that stand in official files. Pure.

Written down for this project from common knowledge of English and Dutch naming, 2026-11-22. A form may belong to
several names (*Bert* to Albert, Hubert and Lambert): two people share a name if they share any. What that is worth
is learnt.
"""

from __future__ import annotations

_GROUPS = """
abigail abby gail | abraham abe bram | adriaan adrian arie ad adri | albert al bert bertie | alexander alex sander
sasha lex xander alec | alexandra alex sandra lexi sasha | alfred alf fred freddie | alison ali | amanda mandy |
amelia amy millie | andrew andy drew andreas andries andre | ann anne anna annie nancy annette anneke anja |
anthony tony anton antonius toon ton antonio | antonia toni antoinette | arnold arnie nol arnoldus | arthur art |
barbara barb babs | bartholomeus bart | beatrice bea trixie | benjamin ben benny benji | bernard bernie bernardus ben |
calvin cal | cameron cam | caroline carol carrie carolina karolien | catherine cathy kate katie katherine kathryn
kathy kitty catharina trijntje toos karin | charles charlie chuck karel carel chas | charlotte lottie lotte |
christian chris christiaan | christina chris tina christine chrissie kristina stien stijntje | christopher chris topher
kit christoffel stoffel | cornelis kees cor cornelius neil | cornelia cor corrie nel | daniel dan danny daan |
david dave davy | deborah deb debbie debra | dennis denny | derek rick | dirk diederik dick | donald don donny |
dorothy dot dottie dolly dorothea | douglas doug | edward ed eddie ned ted teddy eduard | edwin ed eddie |
eleanor ellie nell nora | elizabeth liz beth betty lizzie eliza elisabeth betsy libby bess lisa els elsbeth liesbeth
bep lies | emily em emmy | emmanuel manny manuel | ernest ernie ernst | eugene gene | evelyn eve evie | ezekiel zeke |
florence flo | frances fran fanny francisca | francis frank frans franciscus cis | frederick fred freddie freddy frits
frederik | gabriel gabe | george georgie joris sjors | gerald gerry jerry gerard gert | gerardus gerard gerrit gert |
gregory greg | hannah anna hanna hanneke | harold harry hal | helen nell helena lena heleen leni | henry harry hank hal
hendrik henk hein rik | hendrika riek rika hennie | herbert herb bert | hubert bert huub hubertus | ignatius ignaas |
isabel bella isabella izzy belle | isaac ike | jacob jake jaap jacobus koos cobus sjaak coos jacques | james jim jimmy
jamie jay | jane janie janet jan | jeffrey jeff geoffrey geoff | jennifer jen jenny | jeremy jerry jem | jessica jess
jessie | joanna jo joan joanne johanna anna hanneke jopie | johannes johan jan hans joop jo hannes john | john jack
johnny jon jan | jonathan jon jonny nathan | joseph joe joey jozef jos sjef josephus jef | josephine jo josie fien
josefien | joshua josh | judith judy | julia julie jules | katarzyna kasia | kenneth ken kenny | kimberly kim |
lambertus bert lambert | laurence larry lawrence lars laurens lourens rens | leonard leo len lenny leendert leen |
leopold leo pol | lewis lew louis lodewijk lou | lillian lily lil | louise lou louisa loes | lucas luke luuk luc |
lucy lucia luus lucie | margaret maggie meg peggy marge margie greta rita margaretha griet marga | maria mary marie
marijke mieke mia maaike ria riet rie miep | marcus marc mark | martin marty maarten martinus tinus | martha marty |
matthew matt matthijs thijs matthias matty | matilda tilly | maurice maurits mo | maximilian max | melissa mel missy |
michael mike mick mickey mitch michiel micky | michelle shelly | mohammed mo mohamed muhammad mohamad mehmet muhammed
mohammad | nathaniel nat nate nathan | nicholas nick nicky nico nicolaas klaas niels nicolas | olivia liv livvy |
oliver ollie olly | pamela pam | patricia pat patty tricia trish | patrick pat paddy rick | paul paulus pauwel |
pauline paula | penelope penny | peter pete piet pieter petrus peer | petronella nel ella petra | philip phil pip
filip flip | priscilla cilla |
rachel rae | raymond ray | rebecca becky becca | reginald reg reggie | reinier rein |
richard rick dick rich ricky richie | robert bob rob bobby robbie bert robin robbert | rodney rod | roger rog rutger |
roland roel roeland | ronald ron ronnie | rosemary rose rosie | rudolph rudy rudolf ruud roelof | russell russ |
samantha sam sammie | samuel sam sammy | sarah sara sally sadie | sebastian seb bas bastiaan | simon si siem |
stanley stan | stephen steve steven stefan steph stephan stefanus | stephanie steph stevie | susan sue susie suzanne
suus | sylvester sly | terence terry | theodore ted teddy theo theodor theodorus dorus | theresa terry tess tessa
therese trees | thomas tom tommy tomas maas | timothy tim timmy | tobias toby | valerie val | veronica ronnie vera |
victor vic | victoria vicky tori vicki | vincent vince vinny | virginia ginny | walter walt wally wouter |
wilhelmina mina willy wil mien minnie helma | william bill will willy billy liam wim willem guillaume | yusuf joseph
youssef yousef | zachary zach zack
"""


def _forms() -> dict[str, tuple[str, ...]]:
    names: dict[str, set[str]] = {}
    for group in _GROUPS.split("|"):
        formal, *others = group.split()
        for form in (formal, *others):
            names.setdefault(form, set()).add(formal)
    return {form: tuple(sorted(formals)) for form, formals in names.items()}


_FORMAL = _forms()


def formal_names(given: str | None) -> tuple[str, ...]:
    """Return the names that a standardised given name is a form of; itself where it is of none. Sorted."""
    if not given:
        return ()
    return _FORMAL.get(given, (given,))
