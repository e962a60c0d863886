use arbour::prelude::*;

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "misspelt", index(statu, created desc), index(owner))]
struct Misspelt {
    #[document(id)]
    id: u64,
    status: u64,
    created: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "twice", index(status, status desc))]
struct Twice {
    #[document(id)]
    id: u64,
    status: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "same", index(status))]
struct Same {
    #[document(id)]
    id: u64,
    #[document(index)]
    status: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "many", index(tags, colours))]
struct Many {
    #[document(id)]
    id: u64,
    #[document(many)]
    tags: Vec<u64>,
    #[document(many)]
    colours: Vec<u64>,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "empty", index())]
struct Empty {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "direction", index(id down))]
struct Direction {
    #[document(id)]
    id: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "long", index(a_name_of_fifty_letters_that_is_much_too_long_here, id, another_name_of_fifty_letters_that_is_much_too_long))]
struct Long {
    #[document(id)]
    id: u64,
    a_name_of_fifty_letters_that_is_much_too_long_here: u64,
    another_name_of_fifty_letters_that_is_much_too_long: u64,
}

#[derive(Serialize, Deserialize, Document)]
#[document(collection = "checked", index(id, unique(late)))]
struct Checked {
    #[document(id)]
    id: u64,
}

fn main() {}
