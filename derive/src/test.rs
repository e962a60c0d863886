//! `#[arbour::test]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, FnArg, Ident, ItemFn, LitStr, Type};

use crate::nearest::suggestion;
use crate::options::set_once;

/// The engines, and whether each is built into `arbour`, which switches on the feature of that name.
const ENGINES: [(&str, bool); 7] = [
    ("memory", true),
    ("fjall", cfg!(feature = "fjall")),
    ("lmdb", cfg!(feature = "lmdb")),
    ("redb", cfg!(feature = "redb")),
    ("rocksdb", cfg!(feature = "rocksdb")),
    ("sled", cfg!(feature = "sled")),
    ("sqlite", cfg!(feature = "sqlite")),
];

/// Attributes that belong to the tests and not to the function they call.
const OF_TESTS: [&str; 2] = ["ignore", "should_panic"];

/// Expands the macro.
pub(crate) fn expand(arguments: TokenStream, function: ItemFn) -> syn::Result<TokenStream> {
    let engines = engines(arguments)?;
    let argument = argument(&function)?;
    let ItemFn { attrs, vis, sig, block } = function;
    let is_of = |names: &[&str], attribute: &Attribute| {
        names.iter().any(|name| attribute.path().is_ident(name))
    };
    let (of_tests, of_function): (Vec<_>, Vec<_>) =
        attrs.into_iter().partition(|attribute| is_of(&OF_TESTS, attribute));
    let conditions = of_function.iter().filter(|attribute| is_of(&["cfg"], attribute));
    let name = &sig.ident;
    let tests = engines.iter().map(|engine| {
        let test = Ident::new(engine, name.span());
        quote! {
            #[::core::prelude::v1::test]
            #(#of_tests)*
            fn #test() {
                ::arbour::testing::run(#engine, |store| super::#name(#argument));
            }
        }
    });
    Ok(quote! {
        // Compiled even where no test is, as in the examples of a page, so that its errors are seen.
        #[cfg_attr(not(test), allow(dead_code))]
        // Clippy spares tests from these, and knows them by `#[test]`, which this function lacks.
        #[allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
        #(#of_function)*
        #vis #sig #block

        #[cfg(test)]
        #(#conditions)*
        mod #name {
            #(#tests)*
        }
    })
}

/// Returns the engines to test, in order: those that are listed, or all that are built in.
fn engines(arguments: TokenStream) -> syn::Result<Vec<&'static str>> {
    let mut listed: Option<LitStr> = None;
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("engines") {
            return set_once(&mut listed, meta.value()?.parse()?, &meta);
        }
        Err(meta.error(
            "a test takes `engines = \"memory, redb\"`, or nothing for all that are built in",
        ))
    });
    parser.parse2(arguments)?;
    let Some(listed) = listed else {
        let built_in = ENGINES.into_iter().filter(|(_, is_built_in)| *is_built_in);
        return Ok(built_in.map(|(name, _)| name).collect());
    };
    let refuse = |message: String| Err(syn::Error::new(listed.span(), message));
    let text = listed.value();
    let mut engines = Vec::new();
    for name in text.split(',').map(str::trim) {
        let Some((name, is_built_in)) = ENGINES.into_iter().find(|(known, _)| *known == name)
        else {
            let names = ENGINES.map(|(name, _)| name);
            return refuse(format!("there is no engine `{name}`: {}", suggestion(name, &names)));
        };
        if !is_built_in {
            return refuse(format!(
                "the engine `{name}` is not built in: switch on the feature `{name}` of `arbour`, \
                 among the dev-dependencies if only tests need it"
            ));
        }
        if engines.contains(&name) {
            return refuse(format!("the engine `{name}` is listed twice: remove one"));
        }
        engines.push(name);
    }
    Ok(engines)
}

/// Returns what the function is called with.
fn argument(function: &ItemFn) -> syn::Result<TokenStream> {
    let sig = &function.sig;
    let refuse = |span: Span, message: &str| Err(syn::Error::new(span, message));
    if let Some(asyncness) = &sig.asyncness {
        let message =
            "a test is a plain function: start the runtime in it, for example by `block_on`";
        return refuse(asyncness.span(), message);
    }
    if !sig.generics.params.is_empty() {
        return refuse(sig.generics.span(), "a test is called with one type of store: remove this");
    }
    let mut inputs = sig.inputs.iter();
    let (Some(FnArg::Typed(input)), None) = (inputs.next(), inputs.next()) else {
        let message = "a test takes one argument, the opened store: `store: DynStore`, \
                       `store: &DynStore` or `store: &mut TestStore`";
        return refuse(sig.ident.span(), message);
    };
    Ok(match &*input.ty {
        Type::Reference(reference) if reference.mutability.is_some() => quote!(store),
        Type::Reference(_) => quote!(&*store),
        _ => quote! {
            ::core::convert::Into::into(::core::clone::Clone::clone(
                &**store,
            ))
        },
    })
}
