//! Signatures of the built-in functions, the members of strings and the system modules.
//!
//! One line a function: `name parameters -> result`. A parameter is `name:type`, `name?:type` where
//! it may be left out; `*` stands for any further arguments. Functions that are not here are not
//! checked. The types are spelled out in [`ty`].

use super::types::{FunctionTy, ParamTy, Ty};
use std::rc::Rc;

/// The modules with their functions; `""` has the built-in ones, `"str"` the members of strings.
const MODULES: [(&str, &str); 17] = [
    ("", BUILTINS),
    ("str", STRINGS),
    ("base32", "encode value:str -> str\ndecode value:str -> str"),
    ("base64", "encode value:str encoding?:str -> str\ndecode value:str -> str"),
    ("collection", "union_all list:list -> any"),
    ("crypto", CRYPTO),
    ("datetime", DATETIME),
    ("file", FILE),
    ("json", JSON),
    ("manifests", "yaml_stream values:any opts?:any -> any"),
    ("math", MATH),
    ("net", NET),
    ("regex", REGEX),
    ("runtime", "catch func:any -> any"),
    ("template", "execute template:str data?:any -> str\nhtml_escape data:str -> str"),
    ("units", UNITS),
    ("yaml", YAML),
];

const BUILTINS: &str = "\
abs inval:any -> any
all_true inval:list -> bool
any_true inval:list -> bool
bin number:int -> str
bool x?:any -> bool
dict x?:any * -> any
float number:any -> float
hex number:int -> str
int number:any base?:int -> int
isnullish inval:any -> bool
isunique inval:list -> bool
len inval:sized -> int
list x?:any -> list
max * -> any
min * -> any
multiplyof a:int b:int -> bool
oct number:int -> str
option key:str type?:str required?:bool default?:any help?:str -> any
ord c:str -> int
pow x:number y:number z?:number -> any
print * -> none
range start?:int stop?:int step?:int -> ints
reduce func:any iterable:list initial?:any -> any
round number:number ndigits?:int -> any
sorted inval:sized reverse?:bool -> list
str x?:any -> str
sum iterable:list init?:any -> any
typeof x:any full_name?:bool -> str
zip * -> list";

const STRINGS: &str = "\
capitalize -> str
chars -> strs
count sub:str start?:int end?:int -> int
endswith val:str start?:int end?:int -> bool
find sub:str start?:int end?:int -> int
format * -> str
index sub:str start?:int end?:int -> int
isalnum -> bool
isalpha -> bool
isdigit -> bool
islower -> bool
isspace -> bool
istitle -> bool
isupper -> bool
join iter:list -> str
lower -> str
lstrip chars?:str -> str
removeprefix prefix:str -> str
removesuffix suffix:str -> str
replace old:str new:str count?:int -> str
rfind sub:str start?:int end?:int -> int
rindex sub:str start?:int end?:int -> int
rsplit sep?:str maxsplit?:int -> strs
rstrip chars?:str -> str
split sep?:str maxsplit?:int -> strs
splitlines keepends?:bool -> strs
startswith val:str start?:int end?:int -> bool
strip chars?:str -> str
title -> str
upper -> str";

const CRYPTO: &str = "\
blake3 value:str encoding?:str -> str
filesha256 filepath:str -> str
md5 value:str encoding?:str -> str
sha1 value:str encoding?:str -> str
sha224 value:str encoding?:str -> str
sha256 value:str encoding?:str -> str
sha384 value:str encoding?:str -> str
sha512 value:str encoding?:str -> str
uuid -> str";

const DATETIME: &str = "\
date -> str
is_iso8601 date:str -> bool
is_rfc3339 date:str -> bool
now format?:str -> str
ticks -> float
today -> str
validate date:str format:str -> bool";

const FILE: &str = "\
abs filepath:str -> str
append filepath:str content:str -> any
cp src:str dest:str -> any
current -> str
delete filepath:str -> any
exists filepath:str -> bool
glob pattern:str -> strs
mkdir filepath:str exists?:bool -> any
modpath -> str
mv src:str dest:str -> any
read filepath:str -> str
read_env key:str -> str
size filepath:str -> int
workdir -> str
write filepath:str content:str -> any";

const JSON: &str = "\
decode value:str -> any
dump_to_file data:any filename:str sort_keys?:bool indent?:int ignore_private?:bool ignore_none?:bool -> any
encode data:any sort_keys?:bool indent?:int ignore_private?:bool ignore_none?:bool -> str
merge src:any patch:any -> any
validate value:str -> bool";

const MATH: &str = "\
ceil x:number -> int
exp x:number -> float
expm1 x:number -> float
factorial x:number -> int
floor x:number -> int
gcd a:int b:int -> int
isfinite x:number -> bool
isinf x:number -> bool
isnan x:number -> bool
log x:number base?:number -> float
log10 x:number -> float
log1p x:number -> float
log2 x:number -> float
modf x:number -> floats
pow x:number y:number -> float
sqrt x:number -> float";

const NET: &str = "\
CIDR_host cidr:str host_num:int -> str
CIDR_netmask cidr:str -> str
CIDR_subnet cidr:str additional_bits:int net_num:int -> str
CIDR_subnets cidr:str additional_bits:ints -> strs
IP_string ip:str -> str
fqdn name?:str -> str
is_IP ip:str -> bool
is_IP_in_CIDR ip:str cidr:str -> bool
is_IPv4 ip:str -> bool
is_IPv6 ip:str -> bool
is_global_unicast_IP ip:str -> bool
is_interface_local_multicast_IP ip:str -> bool
is_link_local_multicast_IP ip:str -> bool
is_link_local_unicast_IP ip:str -> bool
is_loopback_IP ip:str -> bool
is_multicast_IP ip:str -> bool
is_unspecified_IP ip:str -> bool
join_host_port host:str port:any -> str
parse_CIDR cidr:str -> any
parse_IP ip:str -> str
split_host_port ip_end_point:str -> strs
to_IP4 ip:str -> str
to_IP6 ip:str -> str";

const REGEX: &str = "\
compile pattern:str -> bool
findall string:str pattern:str -> list
match string:str pattern:str -> bool
replace string:str pattern:str replace:str count?:int -> str
search string:str pattern:str -> bool
split string:str pattern:str maxsplit?:int -> strs";

const UNITS: &str = "\
n = int
u = int
m = int
k = int
K = int
M = int
G = int
T = int
P = int
Ki = int
Mi = int
Gi = int
Ti = int
Pi = int
to_n num:number -> str
to_u num:number -> str
to_m num:number -> str
to_K num:number -> str
to_M num:number -> str
to_G num:number -> str
to_T num:number -> str
to_P num:number -> str
to_Ki num:number -> str
to_Mi num:number -> str
to_Gi num:number -> str
to_Ti num:number -> str
to_Pi num:number -> str";

const YAML: &str = "\
decode value:str -> any
decode_all value:str -> list
dump_all_to_file data:list filename:str sort_keys?:bool ignore_private?:bool ignore_none?:bool -> any
dump_to_file data:any filename:str sort_keys?:bool ignore_private?:bool ignore_none?:bool -> any
encode data:any sort_keys?:bool ignore_private?:bool ignore_none?:bool -> str
encode_all data:list sort_keys?:bool ignore_private?:bool ignore_none?:bool -> str
validate value:str -> bool";

/// Returns the type of a native; any where it is not in the table.
pub(super) fn native(module: &str, name: &str) -> Ty {
    let Some((_, lines)) = MODULES.iter().find(|(found, _)| *found == module) else {
        return Ty::Any;
    };
    let line = lines.lines().find_map(|line| {
        let (found, rest) = line.split_once(' ')?;
        (found == name).then_some(rest)
    });
    line.map_or(Ty::Any, signature)
}

/// Returns the names of the members of strings.
pub(super) fn string_members() -> impl Iterator<Item = &'static str> {
    STRINGS.lines().filter_map(|line| line.split(' ').next())
}

fn signature(line: &str) -> Ty {
    let (mut params, mut result, mut variadic) = (Vec::new(), Ty::Any, false);
    let mut words = line.split(' ');
    while let Some(word) = words.next() {
        match word {
            "=" => return words.next().map_or(Ty::Any, ty),
            "->" => result = words.next().map_or(Ty::Any, ty),
            "*" => variadic = true,
            word => params.extend(param(word)),
        }
    }
    let function = FunctionTy::new(params, result, true);
    Ty::Function(Rc::new(if variadic { function.variadic() } else { function }))
}

fn param(word: &str) -> Option<ParamTy> {
    let (name, kind) = word.split_once(':')?;
    let optional = name.ends_with('?');
    let name = name.trim_end_matches('?').into();
    Some(ParamTy { name, ty: ty(kind), optional, span: None })
}

fn ty(name: &str) -> Ty {
    let sized = || [Ty::Str, Ty::dict(Ty::Any, Ty::Any), Ty::list(Ty::Any)];
    match name {
        "bool" => Ty::Bool,
        "int" => Ty::Int,
        "float" => Ty::Float,
        "str" => Ty::Str,
        "none" => Ty::Void,
        "number" => Ty::Union([Ty::Int, Ty::Float].into()),
        "list" => Ty::list(Ty::Any),
        "ints" => Ty::list(Ty::Int),
        "floats" => Ty::list(Ty::Float),
        "strs" => Ty::list(Ty::Str),
        "sized" => Ty::Union(sized().into()),
        _ => Ty::Any,
    }
}
